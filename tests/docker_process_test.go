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

// What the model says of a process is what the process has in its container, in
// both forms and whoever it runs as; what docker can't take is refused before
// anything is built (D30, D35).
func TestDockerProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	probeContainers(t, newDocker(t))
}

func TestPodmanProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	probeContainers(t, newPodman(t))
}

func probeContainers(t *testing.T, p *dockerPlace) {
	m := &machine{deployment: p.deployment}
	p.env = append(p.env, "NIXPROC_TEST_LEAK=1")

	values := maps.Clone(hardValues)
	values["LONG"] = strings.Repeat("10 kB; ", 1500)
	values["HERE"] = "a\rb %(here)s \"'"
	arguments := []string{"", "-n", "--", "-e", "--name", "a\rb"}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		arguments = append(arguments, text(values[name]))
	}
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return p.write(name, string(data))
	}
	p.mustSwitchTo("--extra-params", fmt.Sprintf(
		`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
		asJSON("environment.json", values), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
		example(t, "..", "tests", "probe", "processes.nix"))

	// A daemon is a child of the process that stands for it.
	daemonOf := func(name string) int {
		for _, child := range children(t, p.pid(name)) {
			if strings.Contains(read(t, fmt.Sprintf("/proc/%d/cmdline", child)), "/bin/probe") {
				return child
			}
		}
		t.Fatalf("%s has no daemon", name)
		return 0
	}
	for _, one := range []probed{
		{name: "npforegrounduser", form: "foreground", nice: -5, find: p.pid}, {name: "npforegroundroot", form: "foreground", nice: 7, find: p.pid},
		{name: "npdaemonuser", form: "daemon", nice: 6, find: daemonOf}, {name: "npdaemonroot", form: "daemon", nice: -4, find: daemonOf},
	} {
		one.values = values
		one.passwd = fmt.Sprintf("/proc/%d/root/etc/passwd", p.pid(one.name))
		t.Run(one.name, func(t *testing.T) { one.check(t, m, arguments) })
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	if left := mentions(t, p.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}
