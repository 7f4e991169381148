package tests

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A switch of a network that is killed leaves some processes started, and machines
// locked: the next one, whichever it is, starts what is missing, and stops what
// nobody wants.
func TestNetworkKilled(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1", "test2")
	const one = `a = sleeper "a" { args = [ 1001 ]; }; b = sleeper "b" { args = [ 1002 ]; };`
	const two = `a = sleeper "a" { args = [ 1003 ]; }; b = sleeper "b" { args = [ 1002 ]; }; c = sleeper "c" { args = [ 1004 ]; };
		z = daemon "z" "sleep 1; sleep 1005 >/dev/null 2>&1 & echo $! >\"$PID_FILE\"" [ a.pkg c.pkg ];`
	switching := func(processes string) []string {
		distribution := map[string]string{one: "a = [ test1 ]; b = [ test2 ];", two: "a = [ test1 ]; b = [ test2 ]; c = [ test2 ]; z = [ test1 ];"}[processes]
		return append([]string{"network-switch"}, model(distribution, processes)...)
	}
	runs := func(want map[string]string) {
		t.Helper()
		for place, word := range map[string]string{"a test1": "1001", "A test1": "1003", "b test2": "1002", "c test2": "1004", "z test1": "1005"} {
			name, machine := place[:1], place[2:]
			found := n.on(machine, "pgrep", "-f", "sleep "+word).code == 0
			if found != (want[name] == word) {
				t.Errorf("%s with %s on %s: %v", name, word, machine, found)
			}
		}
	}
	n.expect(0, []string{"2 started: generation 1\n"}, nil, switching(one)...)
	kept := n.on("test2", "pgrep", "-f", "sleep 1002").stdout

	for _, next := range []struct {
		args func() []string
		want map[string]string
	}{
		{func() []string { return switching(one) }, map[string]string{"a": "1001", "b": "1002"}},
		{func() []string { return []string{"network-switch", "--rollback"} }, map[string]string{"a": "1001", "b": "1002"}},
		{func() []string { return switching(two) }, map[string]string{"A": "1003", "b": "1002", "c": "1004", "z": "1005"}},
	} {
		command := n.begin(switching(two)...)
		command.says("nixproc: starting z on test1\n")
		command.interrupt(syscall.SIGKILL)
		if _, err := os.Stat(n.path("machines/test1/tmp/disnix-network.lock")); err != nil {
			t.Errorf("what was killed had not locked the machines: %v", err)
		}
		n.expect(0, nil, []string{"a switch that did not come to its end"}, "network-status")
		n.expect(0, nil, []string{"unlocked test1, test2, where"}, next.args()...)
		runs(next.want)
		if now := n.on("test2", "pgrep", "-f", "sleep 1002").stdout; now != kept {
			t.Errorf("what did not change runs as %s, was %s", now, kept)
		}
		for _, machine := range n.machines {
			if left, _ := filepath.Glob(n.path("machines", machine, "tmp/*.lock")); left != nil {
				t.Errorf("left: %v", left)
			}
		}
		if _, err := os.Stat(n.path("profiles/.network.nixproc/network.json")); err == nil {
			t.Error("it is still said not to have come to its end")
		}
	}
}
