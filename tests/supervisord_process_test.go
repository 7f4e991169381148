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

// What the model says of a process is what the process has under supervisord,
// in both forms and whoever it runs as; what supervisord can't take is refused
// before anything is built (D11, D20, D30).
func TestSupervisordProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	p := supervisordFor(m.deployment)
	p.enter = m.enter()
	p.run()

	arguments := []string{"", "-n", "--", "-e", "%(here)s %%(here)s", "a ; b # c", "é ;", "\n #\n\n ;x \n", `"`, "'", strings.Repeat("10 kB; ", 1500)}
	for _, name := range slices.Sorted(maps.Keys(hardValues)) {
		arguments = append(arguments, text(hardValues[name]))
	}
	values := maps.Clone(hardValues)
	values["QUOTES"] = `its "quoted", and a \"b\" again`
	values["APOSTROPHE"] = "it's"
	values["COMMENT"] = "a ; b # c\t;d\n# e\n ; f\n"
	values["HERE"] = "%(here)s %%(here)s %(program_name)s"
	values["LONG"] = strings.Repeat("10 kB; ", 1500)
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return m.write(name, string(data))
	}
	probe := example(t, "..", "tests", "probe", "processes.nix")
	args := func(environment map[string]any, arguments []string) []string {
		return []string{
			"supervisord-switch", "--host-packages", "--state-dir", m.path("state"), "--extra-params",
			fmt.Sprintf(`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
				asJSON("environment.json", environment), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
			probe,
		}
	}
	for _, refused := range []struct {
		environment map[string]any
		arguments   []string
		want        string
	}{
		{map[string]any{"BOTH": `a'b"c`}, []string{}, "environment: the value of BOTH can't be written: supervisord can't take a value with both kinds of quotes"},
		{map[string]any{"END": `say "yes"`}, []string{}, "environment: the value of END can't be written: supervisord takes quotes off"},
		{map[string]any{"CR": "a\rb"}, []string{}, "environment: the value of CR can't be written: a configuration file of supervisord can't hold a carriage return"},
		{map[string]any{}, []string{"a\rb"}, "args: a configuration file of supervisord can't hold a carriage return"},
	} {
		r := m.nixproc(args(refused.environment, refused.arguments)...)
		if r.code != 65 || !strings.Contains(r.stderr, refused.want) || !strings.Contains(r.stderr, "process 'np") {
			t.Errorf("want %q: exit code %d\n%s", refused.want, r.code, r.stderr)
		}
	}
	if r := m.nixproc(args(values, arguments)...); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	find := func(name string) int {
		pid, err := strconv.Atoi(p.pid(name))
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	daemons := map[string]int{}
	for _, one := range []probed{
		{name: "npforegrounduser", form: "foreground", nice: -5, find: find}, {name: "npforegroundroot", form: "foreground", nice: 7, find: find},
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

	// A daemon that dies is started again by supervisord; one whose proxy is
	// killed does not get a twin.
	died, orphan := daemons["npdaemonroot"], daemons["npdaemonuser"]
	if err := syscall.Kill(died, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that the daemon runs again", func() bool {
		pid, _, alive := m.process("npdaemonroot")
		return alive && pid != died
	})
	if err := syscall.Kill(find("npdaemonuser"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that the orphan was replaced", func() bool {
		pid, _, lives := m.process("npdaemonuser")
		return lives && pid != orphan
	})

	if r := m.nixproc("supervisord-switch", "--host-packages", "--state-dir", m.path("state"), "--undeploy"); r.code != 0 {
		t.Fatalf("undeploy: exit code %d\n%s", r.code, r.stderr)
	}
	if left := mentions(t, m.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
	if entries, err := os.ReadDir(m.path("conf dir/conf.d")); err != nil || len(entries) > 0 {
		t.Errorf("conf.d has %v, %v", entries, err)
	}
}
