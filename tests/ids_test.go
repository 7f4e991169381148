package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// numbered writes a model in whose text `number NAME SET` is a process that
// sleeps for as many seconds as its number in ids.nix says.
func (d *deployment) numbered(name, body string) string {
	d.t.Helper()
	return d.model(name, `let
  ids = if builtins.pathExists ./ids.nix then (import ./ids.nix).ids else { };
  number = name: more: sleeper name ({ args = [ (ids.numbers.${name} or 1) ]; } // more) // {
    requiresUniqueIdsFor = if processManager == "sysvinit" then [ "numbers" ] else throw processManager;
  };
in `+body)
}

// switchIDs switches to a model with numbers from 2001 on.
func (d *deployment) switchIDs(args ...string) outcome {
	d.t.Helper()
	d.write("idresources.nix", "{ numbers = { min = 2001; max = 2006; }; }")
	return d.switchTo(append([]string{"--id-resources", "idresources.nix", "--ids", "ids.nix"}, args...)...)
}

func (d *deployment) mustSwitchIDs(args ...string) outcome {
	d.t.Helper()
	r := d.switchIDs(args...)
	if r.code != 0 {
		d.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// runsWith checks, from outside, which number each process runs with.
func (d *deployment) runsWith(numbers map[string]int) {
	d.t.Helper()
	for name, number := range numbers {
		pid, _, alive := d.process(name)
		if !alive {
			d.t.Errorf("%s does not run", name)
		} else if line := commandLine(d.t, pid); !strings.HasSuffix(strings.TrimSpace(line), fmt.Sprint(" ", number)) {
			d.t.Errorf("%s runs as %q, want the number %d", name, line, number)
		}
	}
}

const idsOfTwo = `{
  "ids" = {
    "numbers" = {
      "a" = 2001;
      "b" = 2002;
    };
  };
  "lastAssignments" = {
    "numbers" = 2002;
  };
}`

// One command assigns, deploys, and keeps the numbers: at first there is no
// file; later, who has a number keeps it and is not restarted.
func TestSwitchAssignsIDs(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.numbered("model.nix", `{ a = number "a" { }; b = number "b" { }; }`)
	ids := d.path("ids.nix")
	r := d.mustSwitchIDs(model)
	if got := read(t, ids); got != idsOfTwo || !strings.Contains(r.stderr, "IDs for ids.nix: 2 new, 0 free again") {
		t.Errorf("ids.nix is\n%s\n%s", got, r.stderr)
	}
	d.runsWith(map[string]int{"a": 2001, "b": 2002})
	first := d.observe()

	// It is the same as if the file had been there before.
	before := listingOf(t, ids, d.path("profiles"))
	for _, again := range []func() outcome{
		func() outcome { return d.mustSwitchTo(model) },
		func() outcome { return d.mustSwitchIDs(model) },
	} {
		if r := again(); !strings.Contains(r.stdout, "2 kept: generation 1") || r.stderr != "" {
			t.Errorf("an equal switch says\n%s%s", r.stdout, r.stderr)
		}
		for _, difference := range before.differences(listingOf(t, ids, d.path("profiles"))) {
			t.Error(difference)
		}
	}

	d.numbered("model.nix", `{ a = number "a" { }; aa = number "aa" { }; c = number "c" { }; }`)
	if err := os.Chmod(ids, 0o640); err != nil {
		t.Fatal(err)
	}
	r = d.mustSwitchIDs(model)
	d.runsWith(map[string]int{"a": 2001, "aa": 2003, "c": 2004})
	second := d.observe()
	runs(t, second, "a", "aa", "c")
	same(t, first, second, "a")
	if got := read(t, ids); strings.Contains(got, `"b"`) || !strings.Contains(got, `"numbers" = 2004`) || !strings.Contains(r.stderr, "2 new, 1 free again") {
		t.Errorf("ids.nix is\n%s\n%s", got, r.stderr)
	}
	if info, err := os.Stat(ids); err != nil || info.Mode() != 0o640 {
		t.Errorf("its mode is %v now (%v)", info.Mode(), err)
	}

	// Only the file changes when there is another resource.
	d.write("more.nix", "{ numbers = { min = 2001; max = 2006; }; more = { min = 1; max = 2; }; }")
	if r := d.mustSwitchTo("--id-resources=more.nix", "--ids=ids.nix", model); !strings.Contains(r.stdout, "3 kept: generation 2") {
		t.Errorf("it says\n%s", r.stdout)
	}
	if got := read(t, ids); !strings.Contains(got, "\"more\" = {\n    };") {
		t.Errorf("ids.nix is\n%s", got)
	}
	d.leavesNothing(nil, first, second)
}

// A switch that fails, whyever, and a dry run leave the file byte for byte as it
// was, or absent; a model that is repaired gets the same numbers.
func TestFailedSwitchLeavesIDs(t *testing.T) {
	t.Parallel()
	failing := `{ a = number "a" { }; b = number "b" { }; c = daemon "c" "exit 7" [ ] // { requiresUniqueIdsFor = [ "numbers" ]; }; }`
	for name, c := range map[string]struct {
		body string
		args []string
		code int
		says string
	}{
		"start":       {body: failing, code: codeFailed, says: "process 'c' failed to start"},
		"no rollback": {body: failing, args: []string{"--no-rollback"}, code: 2, says: "nothing was undone"},
		"evaluation":  {body: `{ a = number "a" { }; c = number "c" { args = [ (throw "no luck") ]; }; }`, code: codeModel, says: "no luck"},
		"model":       {body: `{ a = number "a" { }; c = number "c" { umask = "rwx"; }; }`, code: codeModel, says: "umask"},
		"build":       {body: `{ a = number "a" { }; c = number "c" { process = "${pkgs.runCommand "broken" { } "exit 1"}"; }; }`, code: codeFailed, says: "broken"},
		"full pool":   {body: `builtins.mapAttrs (name: _: number name { }) { a = 0; b = 0; c = 0; d = 0; e = 0; f = 0; g = 0; }`, code: codeFailed, says: "no number is left for process 'g': all of 'numbers', 2001 to 2006, are taken"},
		"dry run":     {body: `{ a = number "a" { }; c = number "c" { }; }`, args: []string{"--dry-run"}, says: " free again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.hostNeeds("daemon")
			ids := d.path("ids.nix")
			attempt := func() {
				t.Helper()
				model := d.numbered("broken.nix", c.body)
				places := []string{ids, d.path("profiles")}
				if c.code == 2 {
					places = places[:1] // the profile is not undone, either
				}
				before := listingOf(t, places...)
				r := d.switchIDs(append(c.args, model)...)
				if r.code != c.code || !strings.Contains(r.stderr, c.says) {
					t.Errorf("exit code %d, want %d\n%s%s", r.code, c.code, r.stdout, r.stderr)
				}
				for _, difference := range before.differences(listingOf(t, places...)) {
					t.Error(difference)
				}
				if c.code == 0 && !strings.Contains(r.stdout, "c  start") {
					t.Errorf("the plan is\n%s", r.stdout)
				}
			}
			attempt() // nothing is deployed, and no file there
			if present(ids) {
				t.Fatal("the file was made")
			}
			model := d.numbered("model.nix", `{ a = number "a" { }; b = number "b" { }; }`)
			d.mustSwitchIDs(model)
			d.runsWith(map[string]int{"a": 2001, "b": 2002})
			first := d.observe()
			d.write("ids.nix", "# A comment of the user's.\n"+idsOfTwo+"\n")
			attempt()
			d.mustSwitchIDs(d.numbered("broken.nix", `{ a = number "a" { }; b = number "b" { }; c = number "c" { }; }`))
			d.runsWith(map[string]int{"a": 2001, "b": 2002, "c": 2003})
			if after := d.observe(); c.code != 2 {
				same(t, first, after, "a", "b")
			}
			d.mustSwitchTo("--undeploy")
		})
	}
}

// The new numbers reach the model whichever of its files imports them, and by
// whichever name; and if that can't be, nothing is done.
func TestHowModelsImportIDs(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	if err := os.MkdirAll(d.path("real"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.write("sub/above.nix", "(import ../ids.nix).ids")
	d.write("sub/default.nix", "(with builtins; import (./. + \"/above.nix\"))")
	d.write("nixproc/process/beside.nix", "import ../../ids.nix")
	plain := func(ids string) string {
		return d.model("model.nix", `let ids = `+ids+`; in { a = sleeper "a" { args = [ ids.numbers.a ]; } // { requiresUniqueIdsFor = [ "numbers" ]; }; }`)
	}
	if err := os.Symlink("real/ids.nix", d.path("ids.nix")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d.dir, d.path("real", "way")); err != nil {
		t.Fatal(err)
	}
	for number, ids := range map[int]string{
		2001: "(import ./ids.nix).ids",
		2002: "import ./sub",
		2003: "(builtins.head (map import [ " + nixString(d.path("ids.nix")) + " ])).ids",
		2004: "(builtins.import ./real/ids.nix).ids",
		2005: "if builtins.pathExists ./ids.nix then (import (./. + \"/ids.nix\")).ids else throw \"no file\"",
	} {
		d.write("real/ids.nix", fmt.Sprintf(`{ lastAssignments.numbers = %d; }`, number-1))
		d.mustSwitchIDs(plain(ids))
		d.runsWith(map[string]int{"a": number})
		if got := read(t, d.path("real/ids.nix")); !strings.Contains(got, fmt.Sprintf("\"a\" = %d;", number)) {
			t.Errorf("the file is\n%s", got)
		}
		if target, err := os.Readlink(d.path("ids.nix")); err != nil || target != "real/ids.nix" {
			t.Errorf("the link leads to %q (%v)", target, err)
		}
		if r := d.mustSwitchTo(d.path("model.nix")); !strings.Contains(r.stdout, "1 kept") {
			t.Errorf("with the file in place, it says\n%s", r.stdout)
		}
	}

	d.write("real/ids.nix", "{ lastAssignments.numbers = 2005; ids.numbers.a = 1; }")
	d.temporary()
	d.complains(t, func() outcome { return d.switchIDs(plain("(import ./nixproc/process/beside.nix).ids")) },
		codeModel, d.path("real/ids.nix")+" is read by others than "+d.path("model.nix"), "import it there")
	if got := read(t, d.path("real/ids.nix")); !strings.HasPrefix(got, "{ last") {
		t.Errorf("the file is\n%s", got)
	}
	d.temporary()
	d.complains(t, func() outcome { return d.switchIDs(plain("{ numbers.a = 2000; }")) },
		codeModel, d.path("model.nix")+" does not read ids.nix", "would go without their IDs")
	d.mustSwitchTo("--undeploy")
}

// A switch asks the model what it requires as it evaluates it: its own defaults
// hold, and --extra-params beat them.
func TestDefaultsOfModelsWithIDs(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.write("model.nix", `{ system ? "own", more ? 0, processManager }: assert system == "own" && more == 5 && processManager == "sysvinit"; { }`)
	r := d.mustSwitchIDs("--dry-run", "--extra-params={ more = 5; }", model)
	if !strings.Contains(r.stdout, "no processes") || present(d.path("ids.nix")) {
		t.Errorf("it says\n%s", r.stdout)
	}
}

// What goes with no assignment is refused.
func TestIDOptionsOfSwitches(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.temporary()
	model := d.numbered("model.nix", `{ a = number "a" { }; }`)
	both := []string{"--id-resources=idresources.nix", "--ids=ids.nix"}
	d.write("idresources.nix", "{ numbers = { min = 2001; max = 2006; }; }")
	for want, args := range map[string][]string{
		"--ids needs --id-resources":                                          {"--ids=ids.nix", model},
		"--id-resources needs --ids":                                          {"--id-resources=idresources.nix", model},
		"--undeploy assigns no IDs: leave out --id-resources and --ids":       append([]string{"--undeploy"}, both...),
		"--rollback assigns no IDs":                                           append([]string{"--rollback"}, both...),
		"--switch-generation assigns no IDs":                                  append([]string{"--switch-generation=1"}, both...),
		"--list-generations assigns no IDs":                                   append([]string{"--list-generations"}, both...),
		"option --ids needs a value":                                          {"--id-resources=idresources.nix", "--ids=", model},
		"--ids: lstat " + d.path("none") + ": no such file or directory":      {"--dry-run", "--id-resources=idresources.nix", "--ids=none/ids.nix", model},
		"no processes model was given: name its file, or set NIXPROC_PROCESS": both,
	} {
		d.complains(t, func() outcome { return d.switchTo(args...) }, codeUsage, want)
	}
	d.complains(t, func() outcome { return d.switchTo("--id-resources=idresources.nix", "--ids=none/ids.nix", model) }, codeUsage, "no such file or directory")
	d.complains(t, func() outcome { return d.switchTo("--id-resources=idresources.nix", "--ids=.", model) }, codeFailed, ". is no regular file")
	d.complains(t, func() outcome { return d.switchTo("--id-resources=none.nix", "--ids=ids.nix", model) }, codeModel, "--id-resources: none.nix does not exist")
	built := d.nixproc("build", "-P", "sysvinit", "--no-out-link", model)
	d.complains(t, func() outcome { return d.switchTo(append(both, strings.TrimSpace(built.stdout))...) }, codeUsage, "is a profile, which can't take other IDs")
}

// The example's own files: without numbers at first, on ports that are free.
func TestExampleWithIDs(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("nginx", "daemon")
	copyProject(t, d.path("a tree"))
	folder := d.path("a tree/examples/webapps-agnostic")
	ports := freePorts(t, 2)
	d.write("a tree/examples/webapps-agnostic/idresources.nix", fmt.Sprintf(
		"{ webappPorts = { min = %[1]d; max = %[1]d; }; nginxPorts = { min = %[2]d; max = %[2]d; }; uids = { min = 2000; max = 3000; }; gids = { min = 2000; max = 3000; }; }",
		ports[0], ports[1]))
	ids := filepath.Join(folder, "ids.nix")
	if err := os.Remove(ids); err != nil {
		t.Fatal(err)
	}
	d.mustSwitchTo("--host-packages", "--id-resources", filepath.Join(folder, "idresources.nix"), "--ids", ids, filepath.Join(folder, "processes.nix"))
	answers(t, ports[1], "webapp.local", ports[0])
	if got := read(t, ids); !strings.Contains(got, fmt.Sprintf("\"webapp\" = %d;", ports[0])) || !strings.Contains(got, "\"nginx\" = 2000;") {
		t.Errorf("ids.nix is\n%s", got)
	}
	after := d.observe()
	d.leavesNothing(nil, after)
}
