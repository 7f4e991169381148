package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// copyProject copies what is needed to build the command and run the examples,
// with texts replaced: file, old, new, file, old, new, …
func copyProject(t *testing.T, to string, replacements ...string) {
	t.Helper()
	for _, dir := range []string{"cmd", "lib", "nixeval", "nixproc", "examples", "webapp"} {
		copyTree(t, filepath.Join("..", dir), filepath.Join(to, dir))
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		if err := os.WriteFile(filepath.Join(to, file), []byte(read(t, "..", file)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < len(replacements); i += 3 {
		file, old := filepath.Join(to, replacements[i]), replacements[i+1]
		text := read(t, file)
		if !strings.Contains(text, old) {
			t.Fatalf("%s does not contain %q", file, old)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(text, old, replacements[i+2], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Upgrading nixproc restarts nothing (DESIGN.md, "Why upgrading nixproc must
// restart nothing"): another version of the command, whose scripts and shell
// functions read otherwise, only refreshes the files.
func TestNewVersionRestartsNothing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("nginx", "daemon")
	d.env = append(d.env, "HOME="+d.path("home"))
	port := freePortsFor(t, advancedNames...)
	deploy := func(tree, version string) outcome {
		binary, err := buildBinary(version, d.path(tree))
		if err != nil {
			t.Fatal(err)
		}
		d.binary = binary
		return d.mustSwitchTo("--host-packages", port.params(), d.path(tree, "examples/webapps-agnostic/processes-advanced.nix"))
	}
	copyProject(t, d.path("first tree"))
	copyProject(t, d.path("second tree"),
		"lib/render/initscript.go", `"### BEGIN INIT INFO\n"`, `"# Made by a new version.\n### BEGIN INIT INFO\n"`,
		"nixproc/backends/sysvinit/init-functions.sh", "\n# ", "\n# A new version. ",
		"nixproc/backends/sysvinit/generate-sysvinit-script.nix", "\n", "\n# A new version.\n")

	deploy("first tree", "1")
	before := d.observe("PORT")
	r := deploy("second tree", "2")
	after := d.observe("PORT")
	if compared := same(t, before, after, advancedNames...); compared < len(advancedNames) {
		t.Errorf("only %d of %d processes are the same", compared, len(advancedNames))
	}
	if !strings.Contains(r.stdout, "8 refreshed: generation 2") {
		t.Errorf("the result does not say that all were refreshed:\n%s", r.stdout)
	}
	script := read(t, d.path("profiles/processes/etc/rc.d/init.d/webapp1"))
	if !strings.Contains(script, "Made by a new version") {
		t.Errorf("the new files are not in place:\n%s", script)
	}

	// What would be restarted is.
	port["webapp3"] = freePorts(t, 1)[0]
	deploy("second tree", "2")
	changed := d.observe("PORT")
	replaced(t, after, changed, "webapp3", "nginx")
	same(t, after, changed, "webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2")
	// Scripts of the new version stop what one of the old version started.
	d.leavesNothing(port, before, changed)
}
