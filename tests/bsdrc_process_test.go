//go:build portme

package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// What the model says of a process is what the process has under rc.subr, in
// both forms and whoever it runs as; the names of variables that rc.subr has for
// itself arrive too. What can't be is refused before anything is built (D20, D30,
// D39).
func TestBsdrcProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	b.env = append(b.env, "NIXPROC_TEST_LEAK=1")

	arguments := []string{"", "-n", "--", "-e", `"`, "'", strings.Repeat("10 kB; ", 1500)}
	for _, name := range slices.Sorted(maps.Keys(hardValues)) {
		arguments = append(arguments, text(hardValues[name]))
	}
	values := maps.Clone(hardValues)
	values["LONG"] = strings.Repeat("10 kB; ", 1500)
	for _, taken := range []string{"name", "command", "rc_arg", "_user", "pidfile", "npdaemonroot_user", "ID"} {
		values[taken] = "mine; $PWD 'x'"
	}
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return b.write(name, string(data))
	}
	try := func(environment map[string]any, arguments []string) outcome {
		return b.nixproc("bsdrc-switch", "--host-packages", "--state-dir", b.path("state"), "--extra-params",
			fmt.Sprintf(`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
				asJSON("environment.json", environment), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
			example(t, "..", "tests", "probe", "processes.nix"))
	}
	for variable, want := range map[string]string{
		"A-B": `environment: "A-B" can't be the name of a variable`,
		"a.b": `environment: "a.b" can't be the name of a variable`,
	} {
		r := try(map[string]any{variable: "1"}, []string{})
		if r.code != 65 || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "process 'np") {
			t.Errorf("want %q: exit code %d\n%s", want, r.code, r.stderr)
		}
	}
	if r := try(values, arguments); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	for _, one := range []probed{
		{name: "npforegrounduser", form: "foreground", nice: -5}, {name: "npforegroundroot", form: "foreground", nice: 7},
		{name: "npdaemonuser", form: "daemon", nice: 6}, {name: "npdaemonroot", form: "daemon", nice: -4},
	} {
		one.values = values
		t.Run(one.name, func(t *testing.T) { one.check(t, b.machine, arguments) })
	}
	if r := b.nixproc("bsdrc-runactivity", "onestatus"); r.code != 0 || strings.Count(r.stdout, "is running as pid") != 4 {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := b.nixproc("bsdrc-switch", "--host-packages", "--undeploy"); r.code != 0 {
		t.Fatalf("undeploy: exit code %d\n%s", r.code, r.stderr)
	}
	if left := b.processes(); len(left) != 0 {
		t.Errorf("%d processes are left", len(left))
	}
	for _, name := range []string{"npforegrounduser", "npdaemonuser"} {
		if b.account("passwd", name) != "" {
			t.Errorf("the user %s is left", name)
		}
	}
}

// The signals that a model gives for a reload and for the end; output in the log
// of daemon(8) (D39).
func TestBsdrcSignals(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	// Where no user is changed, limits(1) is not called: only root may.
	b.inside("rm", "/usr/sbin/limits")
	b.mustSwitchTo(b.model("model.nix", `{
  a = sleeper "a" {
    foregroundProcess = script "a" "trap 'echo reloaded' USR1; trap 'echo ended; exit' INT; while :; do sleep 0.05; done"; args = [ ];
    overrides.bsdrc = { reloadSignal = "USR1"; stopSignal = "INT"; };
  };
}`))
	before := b.runsExactly("a")
	log := func() string { return read(t, b.path("state/log/nixproc-a.log")) }
	eventually(t, "that the signal arrives", func() bool {
		if r := b.nixproc("bsdrc-runactivity", "onereload"); r.code != 0 {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		return strings.Contains(log(), "reloaded\n")
	})
	same(t, before, b.observe(), "a")
	b.leavesNothing()
	if !strings.Contains(log(), "ended\n") {
		t.Errorf("the log has\n%s", log())
	}
	if r := b.nixproc("bsdrc-switch", "--state-dir", b.path("state"), "--host-packages", b.path("model.nix")); r.code != 1 || !strings.Contains(r.stderr, "limits: not found") {
		t.Errorf("limits(1) was not called for root: exit code %d\n%s", r.code, r.stderr)
	}
}
