package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hardValues are what a process has to get byte by byte.
var hardValues = map[string]any{
	"SPACES":    "  two  spaces ",
	"TABS":      "\ta\t",
	"QUOTES":    `it's "quoted", and ''again''`,
	"NEWLINE":   "first\nsecond\n\nlast\n",
	"DOLLAR":    "$HOME ${HOME} $$ $1 $(id) $((1+1)) $",
	"BACKTICK":  "`id` `",
	"PERCENT":   "100% %s %% %n %H",
	"BACKSLASH": `a\b\n\\ \' \$ \`,
	"UNICODE":   "naïve – 日本語 🐈",
	"GLOB":      "* ? [a-z] {a,b} ~",
	"SHELL_ISH": "a;b|c&d>e<f#g!h=(i)",
	"EMPTY":     "",
	"NUMBER":    42,
	"YES":       true,
	"NAMES":     []string{"one", "two", "three"},
}

// text is what Nix makes of a value.
func text(value any) string {
	switch value := value.(type) {
	case bool:
		return map[bool]string{true: "1", false: ""}[value]
	case []string:
		return strings.Join(value, " ")
	}
	return fmt.Sprint(value)
}

// What the model says of a process is what the process has, in both forms and
// whoever it runs as: environment, arguments, umask, nice, directory, path and
// user; and what it says to do before was done before, as root (D20, D29, D30,
// D38).
func TestProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon", "su")
	// Of who runs the command, nothing else may reach a process.
	m.env = append(m.env, "NIXPROC_TEST_LEAK=1")

	arguments := []string{"", "-n", "--", "-e"}
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
	m.mustSwitchAsRoot("--extra-params", fmt.Sprintf(
		`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
		asJSON("environment.json", hardValues), asJSON("arguments.json", arguments), absolute(t, "../nixproc")),
		example(t, "..", "tests", "probe", "processes.nix"))

	for _, p := range []probed{
		{name: "npforegrounduser", form: "foreground", nice: -5}, {name: "npforegroundroot", form: "foreground", nice: 7},
		{name: "npdaemonuser", form: "daemon", nice: 6}, {name: "npdaemonroot", form: "daemon", nice: -4},
	} {
		t.Run(p.name, func(t *testing.T) { p.check(t, m, arguments) })
	}
	m.mustSwitchAsRoot("--undeploy")
	if left := m.processes(); len(left) != 0 {
		t.Errorf("%d processes are left", len(left))
	}
}

// probed is a process of probe/processes.nix.
type probed struct {
	name, form string
	nice       int
	values     map[string]any   // of its environment; nil for hardValues
	find       func(string) int // its pid by its name; nil asks its pid file
	passwd     string           // where its user is; "" for that of the machine
}

func (p probed) check(t *testing.T, m *machine, arguments []string) {
	dump := func(file string) string { return m.path("state", "dump", p.name, file) }
	eventually(t, "that "+p.name+" has written down all", func() bool {
		_, err := os.Stat(dump("ready"))
		return err == nil
	})
	if p.values == nil {
		p.values = hardValues
	}
	if p.find == nil {
		p.find = m.running
	}
	pid := p.find(p.name)
	if p.form == "foreground" {
		pid = theProbe(t, pid)
	}
	proc := fmt.Sprintf("/proc/%d/", pid)

	uid, gid := 0, 0
	if strings.HasSuffix(p.name, "user") {
		line := ""
		if p.passwd != "" {
			line = accountLine(t, p.passwd, p.name)
		} else {
			line = m.account("passwd", p.name)
		}
		fields := strings.Split(line, ":")
		uid, _ = strconv.Atoi(fields[2])
		gid, _ = strconv.Atoi(fields[3])
		if uid == 0 || gid == 0 {
			t.Fatalf("the user is %q", fields)
		}
		if groups := status(t, pid, "Groups"); slices.Contains(groups, "0") {
			t.Errorf("it has groups of root: %q", groups)
		}
	}
	runsAs(t, p.name, pid, uid, gid)

	// As the kernel has it, and as the process itself saw it.
	for _, source := range []string{proc + "environ", dump("environment")} {
		p.checkEnvironment(t, source)
	}
	for _, source := range []string{proc + "cmdline", dump("arguments")} {
		got := strings.Split(strings.TrimSuffix(read(t, source), "\x00"), "\x00")
		want := append([]string{m.path("state", "dump", p.name), p.form}, arguments...)
		if source == proc+"cmdline" {
			got = got[min(2, len(got)):] // the shell and the script
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the arguments are\n%q, want\n%q", source, got, want)
		}
	}
	directory := m.path("state", "work dir", p.name)
	if got, err := os.Readlink(proc + "cwd"); got != directory {
		t.Errorf("it runs in %s (%v), want %s", got, err, directory)
	}
	if got := status(t, pid, "Umask"); !slices.Equal(got, []string{"0027"}) {
		t.Errorf("its umask is %q, want 0027", got)
	}
	stat := read(t, proc+"stat")
	if got := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])[16]; got != strconv.Itoa(p.nice) {
		t.Errorf("its nice value is %s, want %d", got, p.nice)
	}
	for file, want := range map[string]string{
		"initialized by": "0", "user": strconv.Itoa(uid), "group": strconv.Itoa(gid), "umask": "0027",
		"directory": directory, "nice": strconv.Itoa(p.nice), "path": "found",
	} {
		if got := read(t, dump(file)); got != want+"\n" {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func (p probed) checkEnvironment(t *testing.T, source string) {
	t.Helper()
	got := map[string]string{}
	for _, variable := range bytes.Split([]byte(read(t, source)), []byte{0}) {
		name, value, _ := strings.Cut(string(variable), "=")
		got[name] = value
	}
	for name, value := range p.values {
		if have, set := got[name]; !set || have != text(value) {
			t.Errorf("%s: %s is %q, want %q", source, name, have, text(value))
		}
	}
	if _, leaked := got["NIXPROC_TEST_LEAK"]; leaked {
		t.Errorf("%s: the caller's own variables reached the process", source)
	}
}

// theProbe is the process itself, below what made it a daemon, or that one.
func theProbe(t *testing.T, pid int) int {
	t.Helper()
	name := strings.TrimSpace(read(t, "/proc", strconv.Itoa(pid), "comm"))
	if name != "daemon" {
		return pid
	}
	below := children(t, pid)
	if len(below) != 1 {
		t.Fatalf("daemon(1) has %d children, want 1", len(below))
	}
	return below[0]
}
