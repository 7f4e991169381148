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

// What the model says of a process is what the process has under Disnix, in both
// forms and whoever it runs as; Dysnomia makes its users and removes them.
func TestDisnixProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon", "su", "python3")
	m.env = append(m.env, "NIXPROC_TEST_LEAK=1")
	p := newDisnix(t, m.deployment)

	arguments := []string{"", "-n", "--", "-e", strings.Repeat("10 kB; ", 1500), "a ; b # c", "<&>"}
	for _, name := range slices.Sorted(maps.Keys(hardValues)) {
		arguments = append(arguments, text(hardValues[name]))
	}
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return m.write(name, string(data))
	}
	run := func(args ...string) {
		t.Helper()
		r := m.nixproc(append([]string{"disnix-switch", "--host-packages", "--state-dir", m.path("state")}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	run("--extra-params", fmt.Sprintf(
		`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
		asJSON("environment.json", hardValues), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
		example(t, "..", "tests", "probe", "processes.nix"))
	users := []string{"npforegrounduser", "npdaemonuser"}
	for _, one := range []probed{
		{name: users[0], form: "foreground", nice: -5}, {name: "npforegroundroot", form: "foreground", nice: 7},
		{name: users[1], form: "daemon", nice: 6}, {name: "npdaemonroot", form: "daemon", nice: -4},
	} {
		t.Run(one.name, func(t *testing.T) { one.check(t, m, arguments) })
	}
	p.runsExactly("npforegrounduser", "npforegroundroot", "npdaemonuser", "npdaemonroot")
	run("--undeploy")
	p.runsExactly()
	if left := m.processes(); len(left) != 0 {
		t.Errorf("%d processes are left", len(left))
	}
	for _, user := range users {
		if line := m.account("passwd", user) + m.account("group", user); line != "" {
			t.Errorf("an account is left: %s", line)
		}
	}
}
