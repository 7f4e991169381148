package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// present says whether there is something at the path.
func present(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// The old names (COMPAT.md, 1): a link called nixproc-sysvinit-switch is the
// command. Options may follow operands, be abbreviated, and have their value
// behind a = or as the next word (D28: even one that looks like an option). A
// profile's name holds for what is done with generations, too (D5).
func TestOldNameAndGetoptHabits(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", `{ one = sleeper "one" { }; }`)
	d.binary = d.path("nixproc-sysvinit-switch")
	if err := os.Symlink(must(builtBinary())(t), d.binary); err != nil {
		t.Fatal(err)
	}
	r := d.nixproc(model, "--state="+d.path("state"), "--force-dis", "--host-packages", "--prof", "other name", "--runlevel", "3")
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	o := d.observe()
	runs(t, o, "one")
	if o.fact("profile other name ->") != "other name-1-link" {
		t.Errorf("the profile:\n%s", o.profile())
	}
	r = d.nixproc("--undep", "-pother name", "--state", d.path("state"), "--force-disable-user-change")
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	runs(t, d.observe())
	if r = d.nixproc("--list-gen", "-p", "other name"); r.code != 0 || strings.Count(r.stdout, "\n") != 2 {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r = d.nixproc("--roll", "-p", "other name"); r.code != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	runs(t, d.observe(), "one")
	if r = d.nixproc("--switch-gen=2", "-p", "other name"); r.code != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	runs(t, d.observe())
	if r = d.nixproc("--delete-gen=old", "-p", "other name"); r.code != 0 || !strings.Contains(r.stdout, "deleted generation 1") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r = d.nixproc("--state-dir", "--undeploy"); r.code != 64 {
		t.Errorf("the value --undeploy of --state-dir was taken for an option: exit code %d\n%s", r.code, r.stderr)
	}
	if r = d.nixproc("--no-such-option"); r.code != 64 || !strings.Contains(r.stderr, "--no-such-option") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// must takes a value and an error, and gives the value or fails the test.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// D3, D8, D37, D40: each directory has its variable and its option, which
// beats the variable; what they say reaches the expressions and the directories
// that are made.
func TestDirectoriesFromEnvironment(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	names := []string{"state", "runtime", "log", "tmp", "cache", "spool", "lock", "lib"}
	arguments := make([]string, len(names))
	for i, name := range names {
		arguments[i] = name + "Dir"
		d.env = append(d.env, "NIXPROC_"+strings.ToUpper(name)+"_DIR="+d.path("of the environment", name))
	}
	d.env = append(d.env, "NIXPROC_FORCE_DISABLE_USER_CHANGE=1",
		"NIXPROC_PROCESSES="+d.write("model.nix", "{ "+strings.Join(arguments, ", ")+`, forceDisableUserChange, ... }@args:
throw (builtins.toJSON (builtins.intersectAttrs { `+strings.Join(arguments, " = 1; ")+` = 1; forceDisableUserChange = 1; } args))`))
	// arguments that the model gets, as its error message shows them
	passed := func(r outcome) map[string]any {
		t.Helper()
		start, end := strings.Index(r.stderr, "{"), strings.LastIndex(r.stderr, "}")
		var got map[string]any
		if r.code != 65 || start < 0 || json.Unmarshal([]byte(r.stderr[start:end+1]), &got) != nil {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
		return got
	}
	for i, name := range names {
		option := d.path("of the option", name)
		for _, command := range [][]string{{"sysvinit-switch"}, {"build", "-P", "sysvinit", "--no-out-link"}} {
			got := passed(d.nixproc(append(command, "--host-packages", "--"+name+"-dir", option)...))
			for j, other := range names {
				want := d.path("of the environment", other)
				if i == j {
					want = option
				}
				if got[other+"Dir"] != want {
					t.Errorf("%q with --%s-dir: %sDir is %v, want %s", command, name, other, got[other+"Dir"], want)
				}
			}
			if got["forceDisableUserChange"] != true {
				t.Errorf("%q: forceDisableUserChange is %v", command, got["forceDisableUserChange"])
			}
		}
	}
	if r := d.nixproc("init-state", "--lock-dir", d.path("of the option", "lock")); r.code != 0 {
		t.Fatalf("init-state: exit code %d\n%s", r.code, r.stderr)
	}
	for _, name := range names {
		if from := d.path("of the environment", name); present(from) != (name != "lock") {
			t.Errorf("init-state: is there %s? %v", from, present(from))
		}
	}
	if !present(d.path("of the option/lock")) {
		t.Error("init-state did not make the directory that the option names")
	}
}

// D2, D37: that no user is to be changed reaches each step, whichever way it was
// said: nobody else may write in the directory for temporary files then.
func TestUserChangeIsDisabled(t *testing.T) {
	t.Parallel()
	needsRoot(t) // others make that directory for themselves only
	d := newDeployment(t)
	model := d.model("model.nix", "{ }")
	profile := strings.TrimSpace(d.nixproc("build", "-P", "sysvinit", "--no-out-link", "--host-packages", model).stdout)
	for how, want := range map[string]string{"--force-disable-user-change": "drwxr-xr-x", "NIXPROC_FORCE_DISABLE_USER_CHANGE=1": "drwxr-xr-x", "": "dtrwxrwxrwx"} {
		for name, command := range map[string][]string{"init-state": {"init-state"}, "switch": {"sysvinit-switch", "--host-packages", model}, "deploy": {"sysvinit-deploy", profile}} {
			state := d.path(how, name)
			line := []string{d.binary, command[0], "--state-dir", state}
			if strings.HasPrefix(how, "--") {
				line = append(line, how)
			} else {
				line = append([]string{"env", how}, line...)
			}
			if how == "" {
				line = line[2:]
			}
			if r := d.program(line[0], append(line[1:], command[1:]...)...); r.code != 0 {
				t.Fatalf("%q: exit code %d\n%s", line, r.code, r.stderr)
			}
			if info, err := os.Stat(filepath.Join(state, "tmp")); err != nil || info.Mode().String() != want {
				t.Errorf("%s with %q: the directory is %v (%v), want %s", name, how, info.Mode(), err, want)
			}
		}
	}
}

// nixproc build prints one line, the profile's path, and makes ./result (which
// Dysnomia and scripts rely on). A profile that was built can be deployed, by
// either command, as often as one likes.
func TestPrebuiltProfile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	directories := []string{"--state-dir", d.path("state"), "--force-disable-user-change"}
	model := d.model("model.nix", sleepers(2, ""))
	build := func(more ...string) string {
		t.Helper()
		r := d.nixproc(slices.Concat([]string{"build", "-P", "sysvinit", "--host-packages"}, directories, more)...)
		path, ok := strings.CutSuffix(r.stdout, "\n")
		if r.code != 0 || !ok || strings.Contains(path, "\n") || filepath.Dir(path) != filepath.Join(d.store.dir, "store") {
			t.Fatalf("build: exit code %d, it prints %q\n%s", r.code, r.stdout, r.stderr)
		}
		return path
	}
	built := build(model)
	if target, err := os.Readlink(d.path("result")); err != nil || target != built {
		t.Errorf("./result leads to %q (%v), want %s", target, err, built)
	}
	if other := build("--undeploy", "--no-out-link"); other == built {
		t.Error("build --undeploy gives the same profile")
	}
	if target, _ := os.Readlink(d.path("result")); target != built {
		t.Errorf("--no-out-link changed ./result to %s", target)
	}

	r := d.nixproc("sysvinit-deploy", "./result") // to where it was built for
	if r.code != 0 {
		t.Fatalf("deploy: exit code %d\n%s", r.code, r.stderr)
	}
	before := d.observe()
	runs(t, before, "s1", "s2", "last")
	r = d.mustSwitchTo("./result") // the same, by the other command
	if after := d.observe(); after != before || !strings.Contains(r.stdout, "3 kept: generation 1") {
		t.Errorf("switching to the profile that runs changed\n%sto\n%s%s", before, after, r.stdout)
	}
	// It is what the model gives, too.
	d.mustSwitchTo("--host-packages", model)
	if after := d.observe(); after != before {
		t.Errorf("switching to the model of the profile that runs changed\n%sto\n%s", before, after)
	}

	// -o: another profile is what is compared with, so what only it has stops.
	empty := build("--undeploy", "--no-out-link")
	if r = d.mustSwitchTo("--dry-run", "-o", empty, built); !strings.Contains(r.stdout, "would do: 3 restart\n") {
		t.Errorf("-o with an empty profile:\n%s", r.stdout)
	}
	r = d.mustSwitchTo("-o", built, empty)
	runs(t, d.observe())
	if !strings.Contains(r.stdout, "3 stopped: generation 2") {
		t.Errorf("the result says\n%s", r.stdout)
	}
	if r = d.nixproc("sysvinit-deploy", model); r.code != 64 {
		t.Errorf("deploying a file: exit code %d\n%s", r.code, r.stderr)
	}
}

// runactivity runs an activity of all scripts in order, or in reverse; status
// tells what runs, for people and as JSON, and fails when something is down.
func TestActivitiesAndStatus(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	say := func(name, dependencies string) string {
		return name + ` = sleeper "` + name + `" { dependencies = [ ` + dependencies + ` ]; overrides.sysvinit = { runlevels = [ 3 ]; activities.say = "echo ` + name + ` says $PWD"; }; };`
	}
	d.mustSwitchTo("--runlevel=3", "--host-packages", d.model("model.nix", "rec { "+say("z", "")+say("m", "z.pkg")+say("a", "m")+" never = sleeper \"never\" { overrides.sysvinit = { runlevels = [ 5 ]; activities.say = \"echo never\"; }; }; }"))
	o := d.observe()
	runs(t, o, "a", "m", "z")

	for _, c := range []struct {
		want string
		args []string
	}{
		{"z says /\nm says /\na says /\n", []string{"say"}},
		{"a says /\nm says /\nz says /\n", []string{"say", "-r"}},
		{"a says /\nm says /\nz says /\n", []string{"--reverse", "say", d.path("profiles/processes")}},
		{"never\n", []string{"--runlevel=5", "say"}},
	} {
		args := c.args
		if !strings.Contains(strings.Join(args, " "), "--runlevel") {
			args = append(args, "--runlevel=3")
		}
		if r := d.nixproc(append([]string{"sysvinit-runactivity"}, args...)...); r.code != 0 || r.stdout != c.want {
			t.Errorf("runactivity %q: exit code %d, it prints\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}

	status := func(code int) []map[string]any {
		t.Helper()
		if r := d.nixproc("status", "--runlevel=3"); r.code != code {
			t.Errorf("status: exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
		}
		var rows []map[string]any
		r := d.nixproc("status", "--json", "--runlevel=3")
		if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || r.code != code {
			t.Fatalf("status --json: exit code %d, want %d; %v\n%s%s", r.code, code, err, r.stdout, r.stderr)
		}
		return rows
	}
	conditions := map[string]any{}
	for _, row := range status(0) {
		conditions[row["name"].(string)] = row["condition"]
		if pid, known := row["pid"]; known && o.fact("process "+row["name"].(string)+" pid") != jsonText(t, pid) {
			t.Errorf("status says that %s has pid %s\n%s", row["name"], jsonText(t, pid), o)
		}
	}
	if got, want := jsonText(t, conditions), `{"a":"running","m":"running","never":"stopped","z":"running"}`; got != want {
		t.Errorf("status says %s, want %s", got, want)
	}
	d.kill("m")
	for _, row := range status(1) {
		if (row["condition"] == "running") != (row["name"] == "a" || row["name"] == "z") {
			t.Errorf("after m was killed, status says that %s is %s", row["name"], row["condition"])
		}
	}
	for _, c := range []struct {
		code  int
		says  string
		names []string
	}{
		{0, "z ", []string{"z", "a"}},
		{1, "1 of 1 processes do not run", []string{"m"}},
		{1, "x is no process of the current generation", []string{"a", "x"}},
	} {
		r := d.nixproc(append([]string{"status", "--runlevel=3"}, c.names...)...)
		if r.code != c.code || !strings.Contains(r.stdout+r.stderr, c.says) || strings.Contains(r.stdout, "never") {
			t.Errorf("status %q: exit code %d\n%s%s", c.names, r.code, r.stdout, r.stderr)
		}
	}
	r := d.nixproc("sysvinit-runactivity", "status", "--runlevel=3")
	if r.code != 1 || !strings.Contains(r.stderr, "process 'm'") || !strings.Contains(r.stdout, "sleep is running") {
		t.Errorf("runactivity status: exit code %d, want 1\n%s%s", r.code, r.stdout, r.stderr)
	}
	d.leavesNothing(nil, o)
	if rows := status(0); len(rows) != 0 {
		t.Errorf("after --undeploy, status says %v", rows)
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
