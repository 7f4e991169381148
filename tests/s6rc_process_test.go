//go:build portme

package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// What the model says of a process is what the process has under s6-rc, in both
// forms and whoever it runs as; the log service runs as its own user.
func TestS6rcProcess(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	p := s6rcFor(m.deployment, "state")
	p.options = []string{"--state-dir", p.state, "--host-packages"}
	// Our command is one that enters the namespace already.
	p.run()

	arguments := []string{"", "-n", "--", "-e", "\\", `\"`, "}", "{ }", "#", "${PATH}", "\r\x01\x7f", strings.Repeat("10 kB; ", 1500)}
	for _, name := range slices.Sorted(maps.Keys(hardValues)) {
		arguments = append(arguments, text(hardValues[name]))
	}
	values := maps.Clone(hardValues)
	values["EXECLINE"] = "} { \\ \" # ${PATH} \\\n \\x41 \\0x41"
	values["LONG"] = strings.Repeat("10 kB; ", 1500)
	values["CONTROL"] = "\r\x01\x7f\x1b"
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return m.write(name, string(data))
	}
	probe := func(environment map[string]any) []string {
		return []string{"--extra-params", fmt.Sprintf(`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
			asJSON("environment.json", environment), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
			example(t, "..", "tests", "probe", "processes.nix")}
	}
	r := p.switchTo(probe(map[string]any{"A=B": ""})...)
	if r.code != 65 || !strings.Contains(r.stderr, `environment: "A=B" can't be the name of a variable`) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	p.mustSwitchTo(probe(values)...)
	find := func(name string) int {
		pid, err := strconv.Atoi(p.pid(name))
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	for _, one := range []probed{
		{name: "npforegrounduser", form: "foreground", nice: -5, find: find}, {name: "npforegroundroot", form: "foreground", nice: 7, find: find},
		{name: "npdaemonuser", form: "daemon", nice: 6}, {name: "npdaemonroot", form: "daemon", nice: -4},
	} {
		one.values = values
		t.Run(one.name, func(t *testing.T) { one.check(t, m, arguments) })
	}
	fields := strings.Split(m.account("passwd", "s6-log"), ":")
	uid, _ := strconv.Atoi(fields[2])
	gid, _ := strconv.Atoi(fields[3])
	runsAs(t, "the log service", find("npforegroundroot-log"), uid, gid)
	if uid == 0 {
		t.Error("s6-log is root")
	}

	// D33: what leaves the model takes its users along; s6-log is still needed.
	one := m.write("one.nix", "args@{ "+"pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager, environmentFile, argsFile, nixproc }: { inherit (import "+
		absolute(t, "probe/processes.nix")+" args) npforegroundroot; }")
	before := p.observe()
	args := probe(values)
	args[len(args)-1] = one
	p.mustSwitchTo(args...)
	kept(t, before, p.observe(), "npforegroundroot", "npforegroundroot-log")
	m.hasNot("npforegrounduser")
	m.hasNot("npdaemonuser")
	if m.account("passwd", "s6-log") == "" {
		t.Error("s6-log is gone")
	}

	// One that dies is started again by s6-supervise.
	died := find("npforegroundroot")
	if err := syscall.Kill(died, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that the process runs again", func() bool {
		o := p.observe()["npforegroundroot"]
		return o != "" && !strings.HasPrefix(o, fmt.Sprintf("%d ", died))
	})
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	m.hasNot("s6-log")
	if left := mentions(t, m.path("state", "dump")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
	if _, err := os.Stat(p.path("state/log/s6-log/npforegroundroot/current")); err != nil {
		t.Errorf("the log is gone: %v", err)
	}
}
