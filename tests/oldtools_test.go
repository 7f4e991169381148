package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// oldTools are the commands of the framework before this one, built from the
// checkout that oldFramework names, for tests that need what they leave behind.
type oldTools struct {
	tree string // nixproc, tools and examples of the checkout, to change at will
	path string // PATH with all of the commands
}

// dysnomiaStandins are the four programs that the old tools call for accounts,
// by what COMPAT.md says of them in section 6: few machines have Dysnomia.
var dysnomiaStandins = map[string]string{
	"addgroups": `groupadd ${gid:+-g "$gid"} "$name"`,
	"addusers": `if [ "$createHomeDirOnly" = 1 ]; then mkdir -p "$homeDir"; continue; fi
useradd ${uid:+-u "$uid"} ${group:+-g "$group"} ${description:+-c "$description"} -d "${homeDir:-/dev/null}" ${shell:+-s "$shell"} ${createHomeDir:+-m} "$name"`,
	"delusers":  `[ "$createHomeDirOnly" = 1 ] || userdel "$name"`,
	"delgroups": `groupdel "$name"`,
}

// builtOldTools builds the commands once for a run of the test binary, and gives
// the directories that they are in.
var builtOldTools = sync.OnceValues(func() ([]string, error) {
	store, err := sharedStore()
	if err != nil {
		return nil, err
	}
	tree := filepath.Join(store.dir, "oldtools")
	for _, part := range []string{"nixproc", "tools"} {
		if err := os.MkdirAll(tree, 0o755); err != nil {
			return nil, err
		}
		if err := os.CopyFS(filepath.Join(tree, part), os.DirFS(filepath.Join(os.Getenv(oldFramework), part))); err != nil {
			return nil, err
		}
	}
	args := []string{"--no-out-link", filepath.Join(tree, "tools")}
	for _, name := range []string{"common", "sysvinit", "systemd", "supervisord", "docker", "s6-rc", "disnix", "bsdrc", "launchd", "cygrunsrv", "idassign", "generate-config"} {
		args = append(args, "-A", name)
	}
	built, err := store.nix(nil, "nix-build", args...)
	if err != nil {
		return nil, err
	}
	standins := filepath.Join(tree, "bin")
	if err := os.Mkdir(standins, 0o755); err != nil {
		return nil, err
	}
	for name, body := range dysnomiaStandins {
		text := "#!/bin/sh -e\nfor file in \"$@\"; do\nname=${file##*/}\nunset gid uid group description homeDir shell createHomeDir createHomeDirOnly\n. \"$file\"\n" + body + "\ndone\n"
		if err := os.WriteFile(filepath.Join(standins, "dysnomia-"+name), []byte(text), 0o755); err != nil {
			return nil, err
		}
	}
	dirs := []string{standins}
	for _, package_ := range strings.Fields(built) {
		dirs = append(dirs, filepath.Join(package_, "bin"))
	}
	return dirs, nil
})

// newOldTools gives a deployment a copy of the old framework, and takes it to a
// path without blanks, as the old tools can't cope with them. It skips the test
// where no checkout is named.
func newOldTools(d *deployment) *oldTools {
	t := d.t
	t.Helper()
	checkout := oldCheckout(t)
	d.dir = filepath.Join(filepath.Dir(d.dir), "folder")
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.env = append(slices.Clone(d.env), "NIX_USER_PROFILE_DIR="+d.path("profiles"))
	if err := os.Mkdir(d.path("profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	o := &oldTools{tree: d.path("old")}
	for _, part := range []string{"nixproc", "tools", "examples"} {
		copyTree(t, filepath.Join(checkout, part), filepath.Join(o.tree, part))
	}
	copyTree(t, "../webapp", filepath.Join(o.tree, "webapp")) // theirs needs a library that few hosts have
	dirs, err := builtOldTools()
	if err != nil {
		t.Fatal(err)
	}
	o.path = strings.Join(append(slices.Clone(dirs), os.Getenv("PATH")), ":")
	return o
}

// oldCheckout is the checkout of the old framework; without one the test is skipped.
func oldCheckout(t *testing.T) string {
	t.Helper()
	checkout := os.Getenv(oldFramework)
	if checkout == "" {
		t.Skipf("%s does not name a checkout of the old framework", oldFramework)
	}
	return checkout
}

// run runs a command of the old framework, "nixproc-sysvinit-switch" say. enter
// is the command line that brings it to where it is to run. What it starts may
// keep its output for as long as it lives, so that goes to files.
func (o *oldTools) run(d *deployment, enter []string, name string, args ...string) outcome {
	d.t.Helper()
	line := slices.Concat(enter, []string{"sh", "-c", `out=$1; shift; exec "$@" >"$out.out" 2>"$out.err" </dev/null`, "sh", d.path("old"),
		"env", "PATH=" + o.path, "NIXPROC=" + filepath.Join(o.tree, "nixproc"), name}, args)
	r := d.program(line[0], line[1:]...)
	r.stdout, r.stderr = read(d.t, d.path("old.out")), r.stderr+read(d.t, d.path("old.err"))
	return r
}

// mustRun is run for what has to succeed.
func (o *oldTools) mustRun(d *deployment, enter []string, name string, args ...string) outcome {
	d.t.Helper()
	r := o.run(d, enter, name, args...)
	if r.code != 0 {
		d.t.Fatalf("the old %s %q: exit code %d\n%s%s", name, args, r.code, r.stdout, r.stderr)
	}
	return r
}

// enters is what brings a command into a machine: see oldTools.run.
func (m *machine) enters() []string {
	return []string{"sh", "-c", m.enter() + ` "$@"`, "sh"}
}
