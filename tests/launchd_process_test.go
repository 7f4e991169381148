//go:build portme

package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// awkwardForXML are arguments and variables that a plist, which is XML, might not bring
// through, beside those that are awkward for all.
func awkwardForXML() (arguments []string, values map[string]any) {
	arguments = []string{"", "-n", "--", "-e", "<&>", "]]>", "<!-- -->", "\r\n", "é ;", "\n #\n\n ;x \n", `"`, "'", strings.Repeat("10 kB; ", 1500)}
	for _, name := range slices.Sorted(maps.Keys(hardValues)) {
		arguments = append(arguments, text(hardValues[name]))
	}
	values = maps.Clone(hardValues)
	values["MARKUP"] = "<string>&amp;</string> ]]> <!-- -->"
	values["RETURN"] = "a\r\nb\r"
	values["LONG"] = strings.Repeat("10 kB; ", 1500)
	return arguments, values
}

// What the model says of a process is what the process has under launchd, in
// both forms and whoever it runs as; what a plist can't hold is refused before
// anything is built (D20).
func TestLaunchdProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	p := launchdFor(m.deployment)
	p.enter = m.enter()
	p.run()

	arguments, values := awkwardForXML()
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return m.write(name, string(data))
	}
	args := func(environment map[string]any, arguments []string) []string {
		return []string{
			"launchd-switch", "--host-packages", "--state-dir", m.path("state"), "--extra-params",
			fmt.Sprintf(`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
				asJSON("environment.json", environment), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
			example(t, "..", "tests", "probe", "processes.nix"),
		}
	}
	for _, refused := range []struct {
		environment map[string]any
		arguments   []string
		want        string
	}{
		{map[string]any{"BELL": "a\ab"}, []string{}, "environment.BELL: a plist can't hold the character U+0007"},
		{map[string]any{"A=B": ""}, []string{}, `environment: "A=B" can't be the name of a variable`},
		{map[string]any{}, []string{"a\x1bb"}, "args: a plist can't hold the character U+001B"},
	} {
		r := m.nixproc(args(refused.environment, refused.arguments)...)
		if r.code != 65 || !strings.Contains(r.stderr, refused.want) || !strings.Contains(r.stderr, "process 'np") {
			t.Errorf("want %q: exit code %d\n%s", refused.want, r.code, r.stderr)
		}
	}
	if r := m.nixproc(args(values, arguments)...); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	daemons := map[string]int{}
	for _, one := range []probed{
		{name: "npforegrounduser", form: "foreground", nice: -5, find: p.pid}, {name: "npforegroundroot", form: "foreground", nice: 7, find: p.pid},
		{name: "npdaemonuser", form: "daemon", nice: 6}, {name: "npdaemonroot", form: "daemon", nice: -4},
	} {
		one.values = values
		t.Run(one.name, func(t *testing.T) {
			one.check(t, m, arguments)
			if one.form == "daemon" {
				daemons[one.name] = m.running(one.name)
			}
		})
	}

	// One whose proxy was killed does not get a twin, and one that died is
	// started by the next switch; the others stay.
	before := p.observe()
	died, orphan := daemons["npdaemonroot"], daemons["npdaemonuser"]
	for _, pid := range []int{died, p.pid("npdaemonuser")} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "that launchd sees both ended", func() bool { return len(p.observe()) == 2 })
	if r := m.nixproc(args(values, arguments)...); r.code != 0 || !strings.Contains(r.stdout, "2 started, 2 kept") {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	eventually(t, "that both daemons are others", func() bool {
		first, _, alive := m.process("npdaemonroot")
		second, _, lives := m.process("npdaemonuser")
		return alive && lives && first != died && second != orphan
	})
	gone(t, orphan)
	kept(t, before, p.observe(), "npforegrounduser", "npforegroundroot")

	if r := m.nixproc("launchd-switch", "--host-packages", "--state-dir", m.path("state"), "--undeploy"); r.code != 0 {
		t.Fatalf("undeploy: exit code %d\n%s", r.code, r.stderr)
	}
	m.hasNot("npforegrounduser")
	m.hasNot("npdaemonuser")
	if left := mentions(t, m.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
	if entries, err := os.ReadDir(p.dir); err == nil && len(entries) > 0 {
		t.Errorf("the directory has %v", entries)
	}
}
