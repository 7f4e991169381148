package tests

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// While a switch of a network is at work, others say so. A second signal stops it at
// once: what a machine is at goes on there, which is said, and is in doubt.
func TestNetworkStopped(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1", "test2")
	// A signal to the program by which a machine is reached does not reach the machine,
	// as over SSH, nor end that program.
	n.write("there", strings.Replace(read(t, n.path("there")), "exec nsenter", "exec setsid nsenter", 1))
	n.write("client", strings.Replace(read(t, n.path("client")), "#!/bin/sh\n", "#!/bin/sh\ntrap '' INT\n", 1))
	switching := func(distribution, processes string) []string {
		return append([]string{"network-switch"}, model(distribution, processes)...)
	}
	const b = `b = sleeper "b" { args = [ 1002 ]; };`
	n.expect(0, []string{"2 started: generation 1\n"}, nil, switching("a = [ test1 ]; b = [ test2 ];", `a = sleeper "a" { args = [ 1001 ]; };`+b)...)
	kept := n.on("test2", "pgrep", "-f", "sleep 1002").stdout

	command := n.begin(switching("a = [ test1 ]; b = [ test2 ]; c = [ test2 ]; z = [ test1 ];", b+`
		a = sleeper "a" { args = [ 1003 ]; }; c = sleeper "c" { args = [ 1004 ]; };
		z = daemon "z" "until [ -e /tmp/go ]; do sleep 0.1; done; sleep 1005 >/dev/null 2>&1 & echo $! >\"$PID_FILE\"" [ a.pkg c.pkg ];`)...)
	command.says("nixproc: starting z on test1\n")
	atWork := fmt.Sprintf("a network-switch is at work (pid %d, since ", command.cmd.Process.Pid)
	status := n.expect(0, []string{"test1    a        running", "test2    b        running", "test2    c        running"}, []string{atWork}, "network-status")
	if line := lineOf(status.stdout, "test2", "c"); !strings.Contains(line, "is being changed") || strings.Contains(status.stderr, "did not come to its end") {
		t.Errorf("beside a switch, the status is\n%s%s", status.stdout, status.stderr)
	}
	n.expect(3, nil, []string{atWork}, "network-plan", "--rollback")

	command.cmd.Process.Signal(syscall.SIGINT)
	command.says("nixproc: interrupted: ending")
	r := command.interrupt(syscall.SIGINT)
	says(t, "stopped", r, 2, nil, []string{
		"test1, test2 may be locked until the next network-switch", "nixproc: test1 may still be at work: it was to start z\n",
		"  test1  a  restart  not undone ", "  test1  z  start    may be at work ", "  test2  c  start    not undone ", "it was stopped at once: nothing more is undone",
	})
	if strings.Contains(r.stderr, "could not") {
		t.Errorf("what nobody has tried could not be done:\n%s", r.stderr)
	}
	if line := lineOf(n.expect(0, nil, []string{"a switch that did not come to its end"}, "network-status").stdout, "test1", "z"); !strings.Contains(line, "in doubt") {
		t.Errorf("of what may be at work is said %q", line)
	}

	n.on("test1", "touch", "/tmp/go")
	n.expect(0, nil, []string{"unlocked test1, test2, where"}, "network-switch", "--rollback")
	for place, want := range map[string]bool{"1001 test1": true, "1003 test1": false, "1004 test2": false, "1005 test1": false} {
		if found := n.on(place[5:], "pgrep", "-f", "sleep "+place[:4]).code == 0; found != want {
			t.Errorf("sleep %s: %v", place, found)
		}
	}
	if now := n.on("test2", "pgrep", "-f", "sleep 1002").stdout; now != kept {
		t.Errorf("what did not change runs as %s, was %s", now, kept)
	}
	if left, _ := filepath.Glob(n.path("machines/*/tmp/*.lock")); left != nil {
		t.Errorf("left: %v", left)
	}
	n.expect(0, []string{"test1    a        running", "test2    b        running"}, nil, "network-status")
}
