package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// P4: power goes at any point of a switch, and comes again: what the machine runs
// by then is what its files say, status tells the truth, and the next switch, of
// whatever kind, makes all exactly as was asked for.
func TestPowerCutAnywhere(t *testing.T) {
	t.Parallel()
	t.Run("systemd", func(t *testing.T) {
		t.Parallel()
		toBeTortured(t, "systemd")
		m := newSystemdMachine(t, false)
		tortureAt(systemdTorture(m), "systemd", func(c *tally) {
			c.powerCuts(func() (problems []string, after func() []string) {
				m.powerOff()
				m.boot()
				c.kept = c.process("kept")
				if enabled, runs := m.enabled(), slices.Sorted(maps.Keys(m.pids())); !slices.Equal(enabled, runs) {
					problems = append(problems, fmt.Sprintf("%q run after the boot, and %q are enabled", runs, enabled))
				}
				return problems, func() []string { return nil }
			})
		})
	})
	// No script runs at this boot. Each number that the journal or a pid file has
	// is a stranger's by then.
	t.Run("sysvinit", func(t *testing.T) {
		t.Parallel()
		toBeTortured(t, "sysvinit")
		m := newNumbersMachine(t)
		place := &torturePlace{deployment: m.deployment, options: []string{"--runlevel=3", "--force-disable-user-change"},
			run: func(args ...string) outcome { return m.inside(append([]string{m.binary}, args...)...) },
			holds: func() string {
				files, _ := filepath.Glob(m.path("state", "run", "*.pid"))
				return fmt.Sprint(files)
			}}
		tortureAt(place, "sysvinit", func(c *tally) {
			c.powerCuts(func() (problems []string, after func() []string) {
				programs, processes := m.numbers()
				m.powerOff()
				m.boot()
				c.kept = ""
				return nil, m.strangers(programs, processes)
			})
		})
	})
}

// toBeTortured skips where others are asked for.
func toBeTortured(t *testing.T, manager string) {
	t.Helper()
	if asked := os.Getenv(tortureOf); asked != "" && asked != "all" && !slices.Contains(strings.Split(asked, ","), manager) {
		t.Skip("others are asked for")
	}
}

// powerCuts cuts the power at points that lie anywhere from the first to the
// last. Something more is looked at after the switch that follows.
func (c *tally) powerCuts(cut func() (problems []string, after func() []string)) {
	c.t.Helper()
	points := c.found()
	names := slices.Sorted(maps.Keys(nexts))
	for part := range slices.Chunk(points, max(1, len(points)/times(len(points)))) {
		point, name := part[c.random.IntN(len(part))], names[c.random.IntN(len(names))]
		if killed := c.deploy(c.two, "kill "+point); killed.code != -1 && killed.code != 137 {
			c.count("kill "+point, killed, []string{"it was not killed"})
		}
		if name == "recover" && !present(c.path("profiles", ".processes.nixproc", c.manager+".journal")) {
			name = "the same" // it has nothing to do, whatever the boot starts
		}
		problems, after := cut()
		if lies := c.lies(); lies != "" {
			problems = append(problems, lies)
		}
		at, _ := os.Readlink(c.path("profiles", "processes"))
		said, more := nexts[name](c, at == "processes-2-link")
		if said.code != 0 {
			more = append(more, "it failed")
		}
		c.kept = c.process("kept")
		c.count("no power "+point+", then "+name, said, slices.Concat(problems, more, after()))
		c.reset()
	}
}

// lies tells in what status differs from what the kernel has.
func (c *tally) lies() string {
	c.t.Helper()
	r := c.run("status", "--json")
	var rows []struct{ Name, Condition string }
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || len(rows) < 3 { // a fourth is what the killed switch started
		return fmt.Sprintf("status (exit code %d):\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, row := range rows {
		runs := c.process(row.Name) != "" || row.Name == "changed" && c.process("changed again") != ""
		if (row.Condition == "running") != runs {
			return fmt.Sprintf("status says that %s is %s, and that it runs is %t", row.Name, row.Condition, runs)
		}
	}
	return ""
}

// enabled are the processes that the unit files have started at boot.
func (m *systemdMachine) enabled() []string {
	m.t.Helper()
	targets, err := filepath.Glob(filepath.Join(m.units, "multi-user.target.wants", "*.target"))
	if err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, target := range targets {
		for _, match := range wantedProcess.FindAllStringSubmatch(read(m.t, target), -1) {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return names
}

var wantedProcess = regexp.MustCompile(`nix-process-(\S+)\.service`)

// numbersMachine has process numbers of its own, which begin anew at each boot.
type numbersMachine struct {
	*deployment
	init   int // its first process, by its number outside
	boots  int
	holder *exec.Cmd
}

func newNumbersMachine(t *testing.T) *numbersMachine {
	t.Helper()
	needsUnshare(t, "--pid", "--fork")
	if _, err := os.Stat("/proc/sys/kernel/ns_last_pid"); err != nil {
		t.Skip("which number a process gets can't be told: ", err)
	}
	m := &numbersMachine{deployment: newDeployment(t)}
	m.hostNeeds("daemon")
	m.boot()
	return m
}

func (m *numbersMachine) boot() {
	m.t.Helper()
	m.holder = exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", "echo up; exec cat >/dev/null")
	input, err := m.holder.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	output, err := m.holder.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.holder.Start(); err != nil {
		m.t.Fatal(err)
	}
	holder := m.holder
	m.t.Cleanup(func() {
		input.Close()
		holder.Wait()
	})
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		m.t.Fatalf("%q, %v", line, err)
	}
	m.init = children(m.t, holder.Process.Pid)[0]
	m.boots++
	m.next(5000 + 5000*(m.boots%2))
}

func (m *numbersMachine) powerOff() {
	m.t.Helper()
	if err := m.holder.Process.Kill(); err != nil {
		m.t.Fatal(err)
	}
	gone(m.t, m.init)
}

// inside runs a program in the machine.
func (m *numbersMachine) inside(args ...string) outcome {
	m.t.Helper()
	return m.program("nsenter", append([]string{"--target", strconv.Itoa(m.init), "--mount", "--pid", "--"}, args...)...)
}

func (m *numbersMachine) mustInside(args ...string) string {
	m.t.Helper()
	r := m.inside(args...)
	if r.code != 0 {
		m.t.Fatalf("%q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// next says which number the next process gets: not one of the boot before.
func (m *numbersMachine) next(number int) {
	m.t.Helper()
	m.mustInside("sh", "-c", fmt.Sprintf("echo %d >/proc/sys/kernel/ns_last_pid", number-1))
}

// numbers are those of the programs in the journal, and of the processes in pid
// files, which the machine has had for a minute.
func (m *numbersMachine) numbers() (programs, processes []int) {
	m.t.Helper()
	files, _ := filepath.Glob(m.path("state", "run", "*.pid"))
	for _, file := range files {
		number, err := strconv.Atoi(strings.TrimSpace(read(m.t, file)))
		if err != nil {
			m.t.Fatal(err)
		}
		processes = append(processes, number)
		then := time.Now().Add(-time.Minute)
		if err := os.Chtimes(file, then, then); err != nil {
			m.t.Fatal(err)
		}
	}
	journal, _ := os.ReadFile(m.path("profiles", ".processes.nixproc", "sysvinit.journal"))
	for line := range strings.Lines(string(journal)) {
		var record struct{ Call struct{ PID int } }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			m.t.Fatal(err)
		}
		if record.Call.PID != 0 {
			programs = append(programs, record.Call.PID)
		}
	}
	return programs, processes
}

// strangers get the numbers: a program's is that of a session whose leader has
// ended, and a process' is that of another instance of the same program. The
// function tells whether they run still.
func (m *numbersMachine) strangers(programs, processes []int) (after func() []string) {
	m.t.Helper()
	var script strings.Builder
	as := func(numbers []int, command, then string) {
		for _, number := range numbers {
			fmt.Fprintf(&script, `echo %d >/proc/sys/kernel/ns_last_pid; setsid sh -c '%s' >/dev/null 2>&1 </dev/null &
[ "$!" = %d ] || { echo "%[3]d has become $!"; exit 1; }
%s
`, number-1, command, number, then)
		}
	}
	mark := fmt.Sprintf("54321.%d", time.Now().UnixNano())
	// What a program starts gets a number that none of the others is to have.
	as(programs, "echo 20000 >/proc/sys/kernel/ns_last_pid; sleep "+mark+" &", "wait")
	as(processes, "exec sleep "+mark, "")
	m.mustInside("sh", "-c", script.String())
	m.next(5000 + 5000*(m.boots%2) + 500)
	want := len(programs) + len(processes)
	run := func() int { return len(mentions(m.t, "sleep\x00"+mark)) }
	eventually(m.t, fmt.Sprintf("%d strangers run", want), func() bool { return run() == want })
	return func() []string {
		if now := run(); now != want {
			return []string{fmt.Sprintf("%d of %d strangers run", now, want)}
		}
		return nil
	}
}
