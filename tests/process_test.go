package tests

import (
	"bytes"
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

const (
	extraGroup = 42777
	plain      = "npplain" // the process of which nothing was said
)

// What the model says of a process is what the process has, under each manager,
// in both forms and whoever it runs as: arguments and environment byte for byte,
// umask, nice, directory, path, user and groups; and what it says to do before
// was done before, as root (D11, D20, D29, D30, D35, D38).
func TestProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := c.start(t)
			// Of who runs the command, nothing may reach a process.
			i.env = append(i.env, "NIXPROC_TEST_LEAK=1")

			values := awkwardValues(t)
			taken, _ := c.divided(inVariable, values)
			variables := maps.Clone(hardValues)
			maps.DeleteFunc(variables, func(_ string, value any) bool { return c.refuses(inVariable, text(value)) != "" })
			for name, value := range taken {
				variables["V_"+name] = value
			}
			taken, _ = c.divided(asArgument, values)
			arguments := []string{"", "-n", "--", "-e"}
			for _, name := range slices.Sorted(maps.Keys(taken)) {
				arguments = append(arguments, taken[name])
			}
			all := []probed{
				{name: "npforegrounduser", form: "foreground", nice: -5}, {name: "npforegroundroot", form: "foreground", nice: 7},
				{name: "npdaemonuser", form: "daemon", nice: 6}, {name: "npdaemonroot", form: "daemon", nice: -4},
				{name: plain, form: "foreground", nice: niceOf(t, os.Getpid())},
			}
			if c.needsDirectory {
				for _, p := range all {
					i.write("state/work dir/"+p.name+"/made", "")
				}
			}
			users, groups := []string{"npforegrounduser", "npdaemonuser"}, []string{}
			if !c.sameUser && !c.ownAccounts {
				i.extraGroup(extraGroup, users...)
				groups = append(groups, strconv.Itoa(extraGroup))
			}
			i.mustSwitchTo(c, i.probe(variables, arguments)...)
			for _, p := range all {
				p.values, p.find, p.sameUser = variables, i.pid, c.sameUser
				p.groups = groups
				t.Run(p.name, func(t *testing.T) { p.check(t, i, arguments) })
			}
			i.mustSwitchTo(c, "--undeploy")
			if left := i.left(); len(left) != 0 {
				t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
			}
			for _, user := range users {
				if r := i.inside("getent", "passwd", user); r.code != 2 {
					t.Errorf("the user is left: %s%s", r.stdout, r.stderr)
				}
			}
		})
	}
}

// probed is a process of probe/processes.nix.
type probed struct {
	name, form string
	nice       int
	values     map[string]any   // of its environment; nil for hardValues
	find       func(string) int // its number by its name; nil asks its pid file
	sameUser   bool             // as the manager
	groups     []string         // of its user, beside its own; nil where nobody set them up
}

// probes is where the processes are.
type probes interface {
	path(elements ...string) string
	running(name string) int
}

func (p probed) check(t *testing.T, i probes, arguments []string) {
	if p.values == nil {
		p.values = hardValues
	}
	if p.find == nil {
		p.find = i.running
	}
	dump := func(file string) string { return i.path("state", "dump", p.name, file) }
	eventually(t, "that "+p.name+" has written down all", func() bool {
		_, err := os.Stat(dump("ready"))
		return err == nil
	})
	pid := p.find(p.name)
	if p.form == "foreground" {
		pid = theProbe(t, pid)
	}
	proc := fmt.Sprintf("/proc/%d/", pid)
	uid, gid := p.account(t, pid)
	runsAs(t, p.name, pid, uid, gid)

	// As the kernel has it, and as the process itself saw it.
	for _, source := range []string{proc + "environ", dump("environment")} {
		p.checkEnvironment(t, source)
	}
	for _, source := range []string{proc + "cmdline", dump("arguments")} {
		got := strings.Split(strings.TrimSuffix(read(t, source), "\x00"), "\x00")
		want := append([]string{i.path("state", "dump", p.name), p.form}, arguments...)
		if source == proc+"cmdline" {
			got = got[min(2, len(got)):] // the shell and the script
		}
		if len(got) != len(want) {
			t.Errorf("%s: there are %d arguments, want %d", source, len(got), len(want))
		}
		for n := range min(len(got), len(want)) {
			if got[n] != want[n] {
				t.Errorf("%s: argument %d is %.200q, want %.200q", source, n, got[n], want[n])
			}
		}
	}
	directory, umask := i.path("state", "work dir", p.name), "0027"
	if p.name == plain {
		directory, umask = "/", "0022"
	}
	if got, err := os.Readlink(proc + "cwd"); got != directory {
		t.Errorf("it runs in %s (%v), want %s", got, err, directory)
	}
	if got := status(t, pid, "Umask"); !slices.Equal(got, []string{umask}) {
		t.Errorf("its umask is %q, want %s", got, umask)
	}
	if got := niceOf(t, pid); got != p.nice {
		t.Errorf("its nice value is %d, want %d", got, p.nice)
	}
	for file, want := range map[string]string{
		"initialized by": "0", "user": strconv.Itoa(uid), "group": strconv.Itoa(gid), "umask": umask,
		"directory": directory, "nice": strconv.Itoa(p.nice), "path": "found",
	} {
		if got := read(t, dump(file)); got != want+"\n" {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// account gives what the process has to run as, and checks its other groups,
// which are those of its user and not those of the manager (D35).
func (p probed) account(t *testing.T, pid int) (uid, gid int) {
	if p.sameUser || !strings.HasSuffix(p.name, "user") {
		return 0, 0
	}
	fields := strings.Split(accountLine(t, fmt.Sprintf("/proc/%d/root/etc/passwd", pid), p.name)+":::", ":")
	uid, _ = strconv.Atoi(fields[2])
	gid, _ = strconv.Atoi(fields[3])
	if uid == 0 || gid == 0 {
		t.Fatalf("the user is %q", fields)
	}
	got, want := status(t, pid, "Groups"), append([]string{strconv.Itoa(gid)}, p.groups...)
	slices.Sort(got)
	slices.Sort(want)
	if slices.Contains(got, "0") || p.groups != nil && !slices.Equal(slices.Compact(got), want) {
		t.Errorf("its groups are %q, want %q", got, want)
	}
	return uid, gid
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
			t.Errorf("%s: %s is %.200q, want %.200q", source, name, have, text(value))
		}
	}
	if _, leaked := got["NIXPROC_TEST_LEAK"]; leaked {
		t.Errorf("%s: the caller's own variables reached the process", source)
	}
}

// niceOf reads proc_pid_stat(5).
func niceOf(t *testing.T, pid int) int {
	t.Helper()
	stat := read(t, "/proc", strconv.Itoa(pid), "stat")
	nice, err := strconv.Atoi(strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])[16])
	if err != nil {
		t.Fatal(err)
	}
	return nice
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
