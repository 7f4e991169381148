package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// sleepingNetwork is a network with our module, and the options for a distribution and a
// model whose processes sleep: their arguments are in their command lines.
func sleepingNetwork(t *testing.T, machines ...string) (*network, func(distribution, processes string) []string) {
	t.Helper()
	n := newNetwork(t, machines...)
	n.hostNeeds("daemon")
	copyTree(t, "../nixproc", n.path("tree/nixproc"))
	n.ourModule()
	var infrastructure strings.Builder
	for _, machine := range machines {
		fmt.Fprintf(&infrastructure, " %[1]s.properties.hostname = %[1]q;", machine)
	}
	n.write("infrastructure.nix", "{"+infrastructure.String()+" }")
	return n, func(distribution, processes string) []string {
		return []string{
			"-P", "sysvinit", "-i", n.path("infrastructure.nix"), "--force-disable-user-change",
			"-d", n.write("distribution.nix", "{ infrastructure }: with infrastructure; { "+distribution+" }"),
			n.model("processes.nix", "rec { "+processes+" }"),
		}
	}
}

// expect runs a command, which is to end in a way, and to print lines.
func (n *network) expect(code int, stdout, stderr []string, args ...string) outcome {
	n.t.Helper()
	r := n.nixproc(args...)
	says(n.t, strings.Join(args[:1], " "), r, code, stdout, stderr)
	return r
}

var pidAfter = regexp.MustCompile(`pid (\d+)`)

// runsAs checks that a process ID that was printed is that of what runs on a machine
// with a word in its command line.
func (n *network) runsAs(pid, machine, word string) {
	n.t.Helper()
	if line := n.on(machine, "cat", "/proc/"+pid+"/cmdline").stdout; pid == "" || !strings.Contains(line, word) {
		n.t.Errorf("%s: process %q is %q, not what has %s", machine, pid, line, word)
	}
}

// lineOf is the line about a process on a machine.
func lineOf(text, machine, process string) string {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 2 && words[0] == machine && words[1] == process {
			return line
		}
	}
	return ""
}

func pidIn(line string) string {
	if match := pidAfter.FindStringSubmatch(line); match != nil {
		return match[1]
	}
	return ""
}

// A switch of a network tells what a switch of one machine does, of each process on
// each machine; its process ID is that on the machine; and so does the status.
func TestNetworkReport(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1", "test2", "gone")
	const a, b = `a = sleeper "a" { args = [ 1001 ]; };`, `b = sleeper "b" { args = [ 1002 ]; };`
	switching := func(distribution, processes string) []string {
		return append([]string{"network-switch"}, model(distribution, processes)...)
	}

	n.cut("test2", "--snapshot")
	n.cut("gone", "--snapshot")
	n.expect(1, nil, []string{"nixproc: these machines can't be deployed to; nothing was touched:\n", "  gone: gone: no route", "  test2: test2: no route"},
		switching("a = [ test1 ]; b = [ test2 gone ];", a+b)...)
	if left, err := os.ReadDir(n.path("profiles")); err == nil && len(left) > 0 {
		t.Errorf("a switch that touched nothing left %v", left)
	}
	n.connect("test2")
	n.connect("gone")

	r := n.expect(0, []string{"gone   b  started  pid ", "test1  a  started  pid ", "test2  b  started  pid ", "3 started: generation 1\n"}, nil,
		switching("a = [ test1 ]; b = [ test2 gone ];", a+b)...)
	pid := pidIn(lineOf(r.stdout, "test1", "a"))
	n.runsAs(pid, "test1", "1001")
	n.runsAs(pidIn(lineOf(r.stdout, "test2", "b")), "test2", "1002")
	status := n.expect(0, []string{"MACHINE  PROCESS  CONDITION  PID"}, nil, "network-status").stdout
	if words := strings.Fields(lineOf(status, "test1", "a")); len(words) < 5 || words[2] != "running" || words[3] != pid {
		t.Errorf("the status of a is %q, where %s runs", words, pid)
	}

	// What has died is started again, and nothing else.
	n.on("test1", "kill", "-9", pid)
	n.on("test1", "pkill", "-9", "-f", "1001")
	n.cut("gone", "--snapshot")
	status = n.expect(1, nil, []string{"what runs on these machines can't be seen", "gone: no route"}, "network-status").stdout
	for _, want := range []string{"test1    a        stopped", "test2    b        running", "gone     b        unknown"} {
		if !strings.Contains(status, want) {
			t.Errorf("the status lacks %q:\n%s", want, status)
		}
	}
	var listed struct {
		Processes []struct {
			Machine, Process, Condition string
			PID                         int
		}
	}
	if err := json.Unmarshal([]byte(n.nixproc("network-status", "--json").stdout), &listed); err != nil || len(listed.Processes) != 3 {
		t.Errorf("%v: %+v", err, listed)
	}

	// A machine that is taken out of the infrastructure is let go.
	n.write("infrastructure.nix", `{ test1.properties.hostname = "test1"; test2.properties.hostname = "test2"; }`)
	r = n.expect(0, []string{"1 started, 1 left, 1 kept: generation 2\n"}, []string{"b stays on gone as it is"}, switching("a = [ test1 ]; b = [ test2 ];", a+b)...)
	if line := lineOf(r.stdout, "test1", "a"); !strings.Contains(line, "did not run") {
		t.Errorf("of what had died is said %q", line)
	}
	n.runsAs(pidIn(lineOf(r.stdout, "test1", "a")), "test1", "1001")

	// What fails is told once, by machine and process, with what it said last.
	failing := `b.pkg = create { name = "b"; instanceName = "b"; process = script "fails" "echo it broke >&2; exit 7"; overrides.sysvinit.runlevels = [ 3 4 5 ]; };`
	r = n.expect(1, nil, []string{"could not start b on test2", "it broke", "what was to be done, what became of it, and what runs now:\n", "everything runs as it did before"},
		switching("a = [ test1 ]; b = [ test2 ];", `a = sleeper "a" { args = [ 1003 ]; };`+failing)...)
	if strings.Count(r.stderr, "it broke") != 1 {
		t.Errorf("what it said is not there once:\n%s", r.stderr)
	}
	for machine, word := range map[string]string{"test1": "1001", "test2": "1002"} {
		process := map[string]string{"test1": "a", "test2": "b"}[machine]
		line := lineOf(r.stderr, machine, process)
		if !strings.Contains(line, "undone") {
			t.Errorf("of %s is said %q", process, line)
		}
		n.runsAs(pidIn(line), machine, word)
	}
	n.interrupted(switching)
}

// interrupted interrupts a switch of a network, which takes it back to what it was;
// nothing is locked. What somebody else has locked is told, with what unlocks it.
func (n *network) interrupted(switching func(distribution, processes string) []string) {
	t := n.t
	t.Helper()
	command := n.begin(switching("z = [ test1 ]; a = [ test1 ];", `a = sleeper "a" { args = [ 1003 ]; };
		z = daemon "z" "sleep 2; sleep 1004 >/dev/null 2>&1 & echo $! >\"$PID_FILE\"" [ ];`)...)
	command.says("nixproc: starting z on test1\n")
	r := command.interrupt(syscall.SIGINT)
	says(t, "interrupted", r, 1, nil, []string{"nixproc: interrupted: ending", "all steps were undone: everything runs as it did before"})
	for process, machine := range map[string]string{"a": "test1", "b": "test2"} {
		n.runsAs(pidIn(lineOf(r.stderr, machine, process)), machine, map[string]string{"a": "1001", "b": "1002"}[process])
	}
	if line := lineOf(r.stderr, "test1", "z"); !strings.Contains(line, "stopped") {
		t.Errorf("of z is said %q", line)
	}
	lock := n.path("machines/test1/tmp/disnix-network.lock")
	if _, err := os.Stat(lock); err == nil {
		t.Error("the machine is still locked")
	}

	n.write("machines/test1/tmp/disnix-network.lock", "")
	r = n.expect(1, nil, []string{"nixproc: test1 is locked: ", "nothing was started or stopped"}, switching("a = [ test1 ];", `a = sleeper "a" { args = [ 1003 ]; };`)...)
	_, unlock, _ := strings.Cut(r.stderr, "unlock it: ")
	unlock, _, _ = strings.Cut(unlock, "\n")
	n.must("sh", "-c", unlock)
	if _, err := os.Stat(lock); err == nil {
		t.Errorf("%s does not unlock it", unlock)
	}
}

// Machines are reached by Disnix's own client for SSH, which puts command lines together
// for a shell.
func TestNetworkBySSH(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("disnix-ssh-client"); err != nil || installedDisnix() == "" {
		t.Skip("Disnix is not installed")
	}
	n, model := sleepingNetwork(t, "test1", "test2")
	n.script("bin/ssh", `
case $1 in -p) shift 2 ;; esac
machine=$1
shift
exec `+shellWord(n.path("there"))+` "$machine" sh -c "$*"
`)
	n.script("bin/scp", `
case $1 in -P) shift 2 ;; esac
exec `+shellWord(n.path("there"))+` "${2%%:*}" sh -c "cat >${2#*:}" <"$1"
`)
	n.env = append(n.env, "DISNIX_CLIENT_INTERFACE=disnix-ssh-client")
	both := append([]string{"network-switch", "--state-dir", "/var/a place"}, model("a = [ test1 ]; b = [ test1 ]; c = [ test2 ];", `a = sleeper "a" { }; b = sleeper "b" { }; c = sleeper "c" { };`)...)
	n.expect(0, []string{"3 started: generation 1\n"}, nil, both...)
	n.expect(0, []string{"3 kept"}, nil, both...)
	n.on("test1", "pkill", "-9", "sleep")
	n.expect(1, []string{"test1    a        stopped", "test1    b        stopped", "test2    c        running"}, []string{"2 of 3 processes do not run"}, "network-status")
	n.expect(0, []string{"2 started, 1 kept"}, nil, both...)
	n.expect(0, []string{"3 stopped"}, nil, "network-switch", "--undeploy", "-i", n.path("infrastructure.nix"))
}
