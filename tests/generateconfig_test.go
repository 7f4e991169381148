package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// agnostic makes the package of a process that depends on another one.
const agnostic = `let
	create = import %s {
		inherit pkgs; stateDir = %[2]s; runtimeDir = %[2]s + "/run"; logDir = %[2]s + "/log"; tmpDir = %[2]s + "/tmp";
		forceDisableUserChange = true; processManager = %[3]s;
	};
	base = create { name = "base"; process = "${pkgs.coreutils}/bin/sleep"; args = [ 1000 ]; };
in create {
	name = "next"; description = "it's \"next\""; foregroundProcess = "${pkgs.coreutils}/bin/sleep"; args = [ "1000" ];
	environment.A = "a $HOME"; umask = "027"; dependencies = [ base ]; path = [ pkgs.gnused ];
	overrides.sysvinit.runlevels = [ 3 ];
}`

// An agnostic configuration becomes, for each process manager, the package that
// the same process would have had, with its references, in whatever directories
// (D34, D36).
func TestGenerateConfig(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	universal := absolute(t, "../nixproc/create-managed-process/universal/create-managed-process-universal.nix")
	state := nixString(d.path("state"))
	config := filepath.Join(evalWith(t, true, fmt.Sprintf(agnostic, universal, state, "null")), "next.json")
	generate := func(manager string, options ...string) outcome {
		t.Helper()
		return d.nixproc(append([]string{"generate-config", "--host-packages", "--force-disable-user-change", "-P", manager,
			"--state-dir", d.path("state")}, append(options, config)...)...)
	}
	for _, manager := range allManagers {
		t.Run(manager, func(t *testing.T) {
			r := generate(manager)
			if r.code != 0 {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			got := strings.TrimSpace(r.stdout)
			if link, err := os.Readlink(d.path("result")); err != nil || link != got {
				t.Errorf("result leads to %q (%v), want %q", link, err, got)
			}
			want := evalWith(t, true, fmt.Sprintf(agnostic, universal, state, `"`+manager+`"`))
			sameFiles(t, got, want)
			for _, path := range []string{got, want} {
				if out, err := d.store.nix(nil, "nix-store", "--query", "--requisites", path); err != nil || !strings.Contains(out, "coreutils") {
					t.Errorf("the closure of %s is %q (%v)", path, out, err)
				}
			}
		})
	}

	// With all directories, and with a function of the user's own.
	var all []string
	for _, name := range []string{"runtime", "log", "tmp", "cache", "spool", "lock", "lib"} {
		all = append(all, "--"+name+"-dir", d.path("other "+name))
	}
	own := d.write("own.nix", `{ pkgs, cacheDir, runtimeDir, ... }: properties: pkgs.writeTextFile { inherit (properties) name; text = "${cacheDir} ${runtimeDir} ${properties.foregroundProcess}\n"; }`)
	r := generate("sysvinit", append(all, "--no-out-link", "--create-managed-process-expr", own)...)
	text := read(t, strings.TrimSpace(r.stdout))
	if want := d.path("other cache") + " " + d.path("other runtime") + " "; r.code != 0 || !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "/bin/sleep\n") {
		t.Errorf("exit code %d, %q\n%s", r.code, text, r.stderr)
	}

	for what, bad := range map[string]struct {
		text, want string
		args       []string
	}{
		"no JSON":       {"{", "parse error", nil},
		"no object":     {"[]", "an object with the properties of a process is due", nil},
		"unknown":       {`{"name": "a", "process": "/bin/a", "speed": 3}`, "speed", nil},
		"no dependency": {`{"name": "a", "process": "/bin/a", "dependencies": ["/nowhere/00000000000000000000000000000000-b"]}`, "has no b.json", nil},
		"no file":       {"{}", "does not exist", []string{"/nowhere/a.json"}},
	} {
		file := d.write("bad.json", bad.text)
		if bad.args == nil {
			bad.args = []string{file}
		}
		r := d.nixproc(append([]string{"generate-config", "--host-packages", "--no-out-link", "-P", "systemd"}, bad.args...)...)
		if r.code != 65 || !strings.Contains(r.stderr, bad.want) || r.stdout != "" {
			t.Errorf("%s: exit code %d\n%s", what, r.code, r.stderr)
		}
	}
	for _, bad := range [][]string{{config}, {"-P", "upstart", config}, {"-P", "systemd"}, {"-P", "systemd", config, config}} {
		if r := d.nixproc(append([]string{"generate-config"}, bad...)...); r.code != 64 {
			t.Errorf("%q: exit code %d\n%s", bad, r.code, r.stderr)
		}
	}
}

// storeHash is what a store path has before its name: it says how the path was
// built, too.
var storeHash = regexp.MustCompile(`/[0-9a-z]{32}-`)

func withoutHashes(text string) string { return storeHash.ReplaceAllString(text, "/HASH-") }

// sameFiles checks that two trees have the same files with the same contents.
func sameFiles(t *testing.T, got, want string) {
	t.Helper()
	for _, line := range tree(t, want) {
		path := strings.Fields(line)[0]
		if info, err := os.Stat(want + path); err == nil && info.Mode().IsRegular() && path != "" {
			if g, w := withoutHashes(read(t, got+path)), withoutHashes(read(t, want+path)); g != w {
				t.Errorf("%s is\n%s\nwant\n%s", path, g, w)
			}
		}
	}
	if g, w := withoutHashes(strings.Join(tree(t, got), "\n")), withoutHashes(strings.Join(tree(t, want), "\n")); g != w {
		t.Errorf("the files are\n%s\nwant\n%s", g, w)
	}
}
