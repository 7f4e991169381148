package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// flakeIn makes a flake in a directory: with a model in a file of its own, which
// reads another file beside it, and whatever the text adds to its outputs. With
// git, it is a checkout that tracks all of it.
func (d *deployment) flakeIn(dir, inputs, outputs string, git bool) {
	d.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	model := read(d.t, d.model("for a flake.nix", `{ web = sleeper "web" { args = [ (import ./seconds.nix) ]; }; }`))
	for name, text := range map[string]string{
		"seconds.nix": "1234\n", "processes.nix": model,
		"flake.nix": "{ " + inputs + ` outputs = { self, ... }@inputs: { processes.web = import ./processes.nix; ` + outputs + " }; }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			d.t.Fatal(err)
		}
	}
	if git {
		d.git(dir, "init", "-q")
		d.git(dir, "add", ".")
	}
}

func (d *deployment) git(dir string, args ...string) {
	d.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		d.t.Skip("git is not installed")
	}
	args = append([]string{"-C", dir, "-c", "user.name=test", "-c", "user.email=test@example.org"}, args...)
	if r := d.program("git", args...); r.code != 0 {
		d.t.Fatalf("git %q: %s", args, r.stderr)
	}
}

// unspaced is a directory whose path has no blank in it.
func (d *deployment) unspaced() string {
	d.t.Helper()
	dir, err := os.MkdirTemp(d.store.dir, "flakes")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Each way to name an output of a flake leads to the model, or to one message
// that says what is wrong with it.
func TestFlakeReferences(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.temporary()
	const outputs = `
  default = { };
  processes.counted = args: { a = { requiresUniqueIdsFor = [ "ports" ]; pkg = throw "forced"; }; };
  processes.thrower = args: { a.pkg = throw "no such luck"; };
  processes.missing = import ./nonsuch.nix;
  processes.elsewhere = import (builtins.path { path = ./.; name = "source"; filter = _: _: false; } + "/elsewhere.nix");
  processes.untracked = import ./untracked.nix;
  processes."dotted.name"."two words" = { stateDir, ... }: { };
  processes.${builtins.currentSystem}.worker = { };
  legacyPackages.${builtins.currentSystem}.legacy = { };
  needs.it = { needed, ... }: { };
  number = 5; list = { ... }: [ ]; package = derivation { name = "x"; system = "x"; builder = "x"; };`
	plain, git, odd := filepath.Join(d.unspaced(), "plain"), filepath.Join(d.unspaced(), "git"), d.path("a checkout")
	d.flakeIn(plain, "", outputs, false)
	d.flakeIn(git, "", outputs, true)
	d.write("a checkout/a part/flake.nix", `{ outputs = { self }: { up = args: builtins.seq (import ../seconds.nix) { }; }; }`)
	d.flakeIn(odd, "", outputs, true)
	d.flakeIn(d.path("a directory"), "", outputs, false)
	d.flakeIn(d.path("broken"), "", "", false)
	d.write("broken/flake.lock", "{")
	for _, file := range []string{git + "/untracked.nix", odd + "/untracked.nix", git + "/below/here/x"} {
		os.MkdirAll(filepath.Dir(file), 0o755)
		if err := os.WriteFile(file, []byte("{ }"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.write("config/nix/registry.json", `{ "version": 2, "flakes": [
  { "from": { "type": "indirect", "id": "models" }, "to": { "type": "path", "path": "`+plain+`" } } ] }`)
	d.env = append(d.env, "XDG_CONFIG_HOME="+d.path("config"))
	const one, none = "would do: 1 start", "would do: no processes"
	for _, c := range []struct{ in, reference, want string }{
		{plain, ".#web", one},
		{plain, "../plain#web", one},
		{plain, `.#"dotted.name"."two words"`, none},
		{plain, ".#worker", none},
		{plain, ".#", none},
		{plain, "models#worker", none},
		{plain, ".#legacy", none},
		{git, ".#web", one},
		{git + "/below/here", ".#web", one},
		{git, "git+file://" + git + "#web", one},
		{d.dir, "./a directory#web", one},
		{d.dir, "./a checkout#web", one},
		{d.dir, "./a checkout/a part#up", none},
		{d.dir, "path:a checkout?dir=a%20part#up", none},

		{plain, ".", plain + " is a directory, but no profile"},
		{plain, ".#wob", "none of wob, processes.wob, processes."},
		{plain, ".#processes.wob", "processes.web, "},
		{plain, ".#number", "number is a number, where a processes model is due"},
		{plain, ".#package", "package is a package, where a processes model is due"},
		{plain, ".#list", "the processes model .#list gives a list, where a set of processes is due"},
		{plain, ".#needs.it", "the processes model .#needs.it has arguments without a default that nobody gives: needed"},
		{plain, ".#thrower", "process 'a': no such luck\n  at " + plain + "/flake.nix:4:"},
		{odd, ".#thrower", "process 'a': no such luck\n  at " + odd + "/flake.nix:4:"},
		{git, ".#thrower", "process 'a': no such luck\n  at " + git + "/flake.nix:4:"},
		{plain, ".#missing", plain + "/nonsuch.nix"},
		{d.path("broken"), ".#web", d.path("broken/flake.lock") + " is no lock file: unexpected end of JSON input\n"},
		{plain, ".#elsewhere", "-source/elsewhere.nix': No such file"},
		{git, ".#untracked", git + "/untracked.nix is not part of the flake, since Git does not track it: run git add"},
		{odd, ".#untracked", odd + "/untracked.nix is not part of the flake, since Git does not track it: run git add"},
		{plain, `.#"x`, "a quote is missing"},
		{plain, "./nonsuch#web", plain + "/nonsuch does not exist"},
		{d.dir, ".#web", "there is no flake.nix in " + d.dir},
		{plain, "nonsuch#web", "nonsuch#web is no file, and no registry has a flake 'nonsuch'"},
		{plain, "nonsuch", "it should be a processes model, a profile, or an output of a flake such as .#NAME"},
	} {
		t.Run(filepath.Base(c.in)+" "+c.reference, func(t *testing.T) {
			args := []string{"-c", `cd "$0" && exec "$@"`, c.in, d.binary, "plan", "-P", "sysvinit", "--runlevel=3", "--force-disable-user-change"}
			// So that no registry is fetched.
			if strings.HasPrefix(c.reference, "nonsuch#") || strings.HasPrefix(c.reference, "models#") {
				args = append(args, "--host-packages")
			}
			r := d.program("sh", append(args, c.reference)...)
			if good := c.want == one || c.want == none; !good {
				d.complains(t, func() outcome { return withoutDirty(r) }, codeModel, c.want)
			} else if r.code != 0 || !strings.Contains(r.stdout, c.want) {
				t.Errorf("exit code %d, no %q in\n%s%s", r.code, c.want, r.stdout, r.stderr)
			}
		})
	}
	d.complains(t, func() outcome { return d.nixproc("plan", "-P", "sysvinit", "git+file:///nonsuch#web") }, codeFailed,
		"git+file:///nonsuch#web can't be fetched: program 'git' failed", "fatal: '/nonsuch' does not appear to be a git repository")
	d.write("idresources.nix", "{ ports = { min = 7; max = 9; }; }")
	if r := d.nixproc("id-assign", "--id-resources=idresources.nix", plain+"#counted"); r.code != 0 || !strings.Contains(r.stdout, `"a" = 7;`) {
		t.Errorf("id-assign: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if present(filepath.Join(plain, "flake.lock")) {
		t.Error("a lock file was written")
	}
}

// withoutDirty leaves out what Nix says of a checkout with changes.
func withoutDirty(r outcome) outcome {
	var kept []string
	for line := range strings.Lines(r.stderr) {
		if !strings.Contains(line, "warning: Git tree '") {
			kept = append(kept, line)
		}
	}
	r.stderr = strings.Join(kept, "")
	return r
}

// A model of a flake is switched to by one evaluation, which leaves the flake as
// it is; a change of one of its files is seen, and everything else of it is not.
func TestSwitchToFlake(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	flake := filepath.Join(d.unspaced(), "flake")
	d.flakeIn(flake, "", "", true)
	d.git(flake, "commit", "-qm", "all")
	untouched := listingOf(t, flake)

	d.warmUp()
	calls := d.countCalls()
	d.mustSwitchTo(flake + "#web")
	if got := strings.Join(calls(), ", "); !strings.HasPrefix(got, "nix-instantiate, nix-store --realise") || strings.Count(got, "nix-instantiate") != 1 {
		t.Errorf("it calls %s", got)
	}
	before := d.observe()
	d.runsWith(map[string]int{"web": 1234})
	for _, difference := range untouched.differences(listingOf(t, flake)) {
		t.Error("the flake:", difference)
	}

	d.env = append(d.env, "NIXPROC_PROCESSES="+flake+"#web")
	if r := d.mustSwitchTo(); !strings.Contains(r.stdout, "1 kept: generation 1") {
		t.Errorf("another switch: %s", r.stdout)
	}
	if err := os.WriteFile(filepath.Join(flake, "new.nix"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d.mustSwitchTo()
	same(t, before, d.observe(), "web")
	if err := os.WriteFile(filepath.Join(flake, "seconds.nix"), []byte("4321"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := d.mustSwitchTo(); !strings.Contains(r.stdout, "1 restarted: generation 2") {
		t.Errorf("after a change: %s", r.stdout)
	}
	d.runsWith(map[string]int{"web": 4321})
	if r := d.nixproc("sysvinit-deploy", flake+"#web"); r.code != codeUsage || !strings.Contains(r.stderr, "#web is no profile: build one with nixproc build -P sysvinit") {
		t.Errorf("deploy: exit code %d\n%s", r.code, r.stderr)
	}
	d.mustSwitchTo("--undeploy")
}

// A flake with inputs and no lock file works, and gets none; if it is a checkout
// without changes, it knows its commit. --host-packages has
// the registry's nixpkgs be this machine's packages; a model without a default
// for its pkgs gets those of the flake's own nixpkgs.
func TestFlakeWithoutLock(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	packages := filepath.Join(d.unspaced(), "packages")
	d.flakeIn(packages, "", `legacyPackages.${builtins.currentSystem}.marker = 1;`, false)
	plain, odd, part := filepath.Join(d.unspaced(), "flake"), d.path("a checkout"), filepath.Join(d.unspaced(), "part")
	for _, dir := range []string{plain, odd, part} {
		d.flakeIn(dir, `inputs.nixpkgs.url = "path:`+packages+`"; inputs.host.url = "nixpkgs";`, `
  processes.committed = args: if self ? rev && self.revCount or 1 == 1 then { } else throw "changed since";
  processes.own = { pkgs, ... }: if pkgs ? marker then { } else throw "other packages";
  processes.host = args:
    let ways = [ inputs.host.legacyPackages.${builtins.currentSystem} (import inputs.host { }) (import inputs.host.outPath { system = "x86_64-linux"; }) ]; in
    if builtins.all (pkgs: pkgs ? stdenv) ways && inputs.host.lib.optional true 1 == [ 1 ] then { } else throw "no packages";`, dir == odd)
	}
	d.git(odd, "commit", "-qm", "all")
	d.git(filepath.Dir(part), "init", "-q")
	d.git(filepath.Dir(part), "add", ".")
	before := listingOf(t, plain, odd, part)
	built := func(flake string) string {
		t.Helper()
		r := d.nixproc("build", "-P", "sysvinit", "--no-out-link", "--host-packages", flake)
		if r.code != 0 {
			t.Fatalf("%s: exit code %d\n%s", flake, r.code, r.stderr)
		}
		return r.stdout
	}
	if empty := built(plain + "#own"); empty != built(plain+"#host") || empty != built("git+file://"+filepath.Dir(part)+"?dir=part#own") {
		t.Error("profiles without processes differ")
	}
	if web := built(plain + "#web"); web != built(plain+"#web") || web != built(odd+"#web") {
		t.Error("profiles of one model differ")
	}
	built(odd + "#committed")
	for _, difference := range before.differences(listingOf(t, plain, odd, part)) {
		t.Error(difference)
	}
	// A lock file of that nixpkgs is set aside: it would be fetched from where it was.
	locked := d.path("locked")
	d.flakeIn(locked, `inputs.host.url = "nixpkgs";`, `processes.host = args: if inputs.host.legacyPackages.${builtins.currentSystem} ? stdenv then { } else throw "no packages";`, false)
	lock := d.write("locked/flake.lock", `{ "nodes": { "host": {
  "locked": { "type": "path", "path": "/nonexistent", "narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "lastModified": 1 },
  "original": { "type": "indirect", "id": "nixpkgs" } }, "root": { "inputs": { "host": "host" } } }, "root": "root", "version": 7 }`)
	text := read(t, lock)
	built(locked + "#host")
	if read(t, lock) != text {
		t.Error("the lock file was changed")
	}
	d.write("a checkout/seconds.nix", "4321")
	d.complains(t, func() outcome {
		return withoutDirty(d.nixproc("plan", "-P", "sysvinit", "--host-packages", odd+"#committed"))
	}, codeModel, "changed since")
}

// IDs are assigned to the model of a flake, too: what is switched to is what the
// flake is with its new file of IDs.
func TestIDsOfFlake(t *testing.T) {
	t.Parallel()
	for name, git := range map[string]bool{"directory": false, "checkout": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.hostNeeds("daemon")
			dir := d.path("a flake")
			d.flakeIn(dir, "", "", git)
			d.numbered("a flake/processes.nix", `{ a = number "a" { }; }`)
			d.write("idresources.nix", "{ numbers = { min = 2001; max = 2006; }; }")
			ids, empty := d.path("a flake/ids.nix"), "{ ids = { }; }"
			assigning := func(file string) []string {
				return []string{"--id-resources=idresources.nix", "--ids=" + file, dir + "#web"}
			}
			if git {
				r := d.switchTo(assigning(ids)...)
				if r.code != codeModel || !strings.Contains(r.stderr, ids+" is not part of the flake, since Git does not track it") || present(ids) {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
				d.write("a flake/ids.nix", empty)
				d.git(dir, "add", "ids.nix")
			}
			r := d.switchTo(assigning("elsewhere.nix")...)
			if r.code != codeModel || !strings.Contains(r.stderr, "does not read elsewhere.nix, or not by that path") || present(d.path("elsewhere.nix")) {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
			d.mustSwitchTo(append(assigning(ids), "--dry-run")...)
			if present(ids) && read(t, ids) != empty {
				t.Errorf("a dry run changed the file: %s", read(t, ids))
			}
			if r := d.mustSwitchTo(assigning(ids)...); !strings.Contains(r.stderr, "1 new, 0 free again") {
				t.Error(r.stderr)
			}
			d.runsWith(map[string]int{"a": 2001})
			if got := read(t, ids); !strings.Contains(got, `"a" = 2001;`) {
				t.Errorf("the file is %s", got)
			}
			for _, args := range [][]string{{dir + "#web"}, assigning(ids)} {
				if r := d.mustSwitchTo(args...); !strings.Contains(r.stdout, "1 kept: generation 1") {
					t.Errorf("switch %q: %s%s", args, r.stdout, r.stderr)
				}
			}
			r = d.nixproc("id-assign", "--id-resources=idresources.nix", "--ids="+ids, dir+"#web")
			// The model wants to be asked for sysvinit: id-assign stands for disnix.
			if r.code != codeModel || !strings.Contains(r.stderr, "process 'a': disnix\n  at "+dir+"/processes.nix:") {
				t.Errorf("id-assign: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			d.mustSwitchTo("--undeploy")
		})
	}
}
