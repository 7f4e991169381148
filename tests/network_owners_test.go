package tests

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// machinesAre writes the infrastructure: machines, each with the address of one of
// them, which is its own if nothing is said.
func (n *network) machinesAre(machines ...string) string {
	n.t.Helper()
	var text strings.Builder
	for _, machine := range machines {
		name, address, other := strings.Cut(machine, "=")
		if !other {
			address = name
		}
		fmt.Fprintf(&text, " %s.properties.hostname = %q;", name, address)
	}
	return n.write("infrastructure.nix", "{"+text.String()+" }")
}

// sleeps are the processes that sleep on a machine, by their arguments, and their
// process IDs there.
func (n *network) sleeps(machine string) map[string]string {
	n.t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(n.on(machine, "pgrep", "-a", "-x", "sleep").stdout) {
		words := strings.Fields(line)
		found[words[len(words)-1]] = words[0]
	}
	return found
}

// sleep checks which sleep on a machine, and gives the process IDs.
func (n *network) sleep(what, machine string, want ...string) map[string]string {
	n.t.Helper()
	var found map[string]string
	eventually(n.t, what+": "+strings.Join(want, " ")+" on "+machine, func() bool {
		found = n.sleeps(machine)
		return len(found) == len(want) && !slices.ContainsFunc(want, func(one string) bool { return found[one] == "" })
	})
	return found
}

// A machine that comes back to a network still runs what it had: that is compared with
// the model, as if it had never been away. Of what a version before this has deployed,
// the machine does not know whose it is, and the network's generations do.
func TestNetworkMachineComesBack(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1", "test2")
	const a = `a = sleeper "a" { args = [ 1001 ]; };`
	switching := func(seconds int) []string {
		return append([]string{"network-switch"}, model("a = [ test1 ]; b = [ test2 ]; c = [ test2 ]; d = [ test2 ];", a+fmt.Sprintf(
			`b = sleeper "b" { args = [ 1002 ]; }; c = sleeper "c" { args = [ %d ]; dependencies = [ b.pkg ]; }; d = sleeper "d" { args = [ 1004 ]; };`, seconds))...)
	}
	goes := func(generation int) {
		t.Helper()
		n.machinesAre("test1")
		n.expect(0, []string{fmt.Sprintf("3 left, 1 kept: generation %d\n", generation)}, []string{"b stays on test2 as it is"}, append([]string{"network-switch"}, model("a = [ test1 ];", a)...)...)
		n.machinesAre("test1", "test2")
	}
	former := func() {
		t.Helper()
		n.must("rm", "-rf", n.path("profiles/disnix-coordinator/.network.nixproc/network-id"), n.path("machines/test1/dysnomia/nixproc-networks"), n.path("machines/test2/dysnomia/nixproc-networks"))
	}
	n.expect(0, []string{"4 started: generation 1\n"}, nil, switching(1003)...)
	before := n.sleep("deployed", "test2", "1002", "1003", "1004")
	goes(2)
	n.on("test2", "kill", before["1004"]) // dies while nobody looks
	n.sleep("out", "test2", "1002", "1003")
	r := n.expect(0, []string{"test2  c  restarted  ", "test2  d  started    ", "did not run", "1 started, 1 restarted, 2 kept: generation 3\n"}, nil, switching(1013)...)
	now := n.sleep("back", "test2", "1002", "1013", "1004")
	if now["1002"] != before["1002"] {
		t.Errorf("what was kept runs as %s, was %s", now["1002"], before["1002"])
	}
	n.runsAs(pidIn(lineOf(r.stdout, "test2", "c")), "test2", "1013")
	n.expect(0, []string{"test2    b        running"}, nil, "network-status")

	former()
	goes(4)
	former()
	other := append([]string{"NIX_USER_PROFILE_DIR=" + n.path("coordinator"), n.binary, "network-plan"}, switching(1013)[1:]...)
	says(t, "another network", n.program("env", other...), 65, nil, []string{"  test1 has a from a network that it does not know: ", "  test2 has b from "})
	n.expect(0, []string{"4 kept: generation 3\n"}, nil, "network-switch", "--rollback")
	if again := n.sleep("back by a rollback", "test2", "1002", "1013", "1004"); !maps.Equal(again, now) {
		t.Errorf("they run as %v, were %v", again, now)
	}

	// What is in no model any more is stopped, dependents first. The machine is asked
	// though nothing is to be there.
	goes(4)
	r = n.expect(0, []string{"4 stopped"}, nil, "network-switch", "--undeploy", "-i", n.path("infrastructure.nix"))
	n.sleep("undeployed", "test2")
	if c, b := strings.Index(r.stderr, "stopping c on test2"), strings.Index(r.stderr, "stopping b on test2"); c < 0 || b < c {
		t.Errorf("c depends on b:\n%s", r.stderr)
	}
}

// Two networks may share a machine, but no process: what another one has is told, and
// left alone, whatever its coordinator and its profile are called.
func TestNetworksShareMachine(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1")
	expect := func(code int, coordinator string, stdout, stderr []string, args ...string) {
		t.Helper()
		r := n.program("env", append([]string{"NIX_USER_PROFILE_DIR=" + n.path(coordinator), n.binary}, args...)...)
		says(t, strings.Join(args, " "), r, code, stdout, stderr)
	}
	to := func(processes string, more ...string) []string {
		distribution := "a = [ test1 ];"
		if strings.Contains(processes, `"b"`) {
			distribution += " b = [ test1 ];"
		}
		if !strings.Contains(processes, `"a"`) {
			distribution = "b = [ test1 ];"
		}
		return append(append([]string{"network-switch"}, model(distribution, processes)...), more...)
	}
	undeploy := []string{"network-switch", "--undeploy", "-i", n.path("infrastructure.nix")}
	const a1, a2, b = `a = sleeper "a" { args = [ 1001 ]; };`, `a = sleeper "a" { args = [ 1002 ]; };`, `b = sleeper "b" { args = [ 1003 ]; };`

	// One machine by two names would be told twice what to run.
	if err := os.Symlink("test1", n.path("machines/another")); err != nil {
		t.Fatal(err)
	}
	n.machinesAre("test1", "same=another")
	expect(65, "first", nil, []string{"the machines 'same' and 'test1' of the infrastructure are one and the same: "}, to(a1)...)
	if left, err := os.ReadDir(n.path("first")); err == nil && len(left) > 0 {
		t.Errorf("a switch that touched nothing left %v", left)
	}
	n.machinesAre("test1")

	expect(0, "first", []string{"1 started: generation 1\n"}, nil, to(a1)...)
	first := n.sleep("the first network", "test1", "1001")
	refused := []string{"nothing was touched", "  test1 has a from the network ", "@", ":" + n.path("first/disnix-coordinator/network") + "\n", "--take-over"}
	expect(65, "second", nil, refused, to(a2+b)...)
	expect(65, "first", nil, refused, to(a1, "-p", "other")...)
	expect(0, "second", []string{"1 started: generation 1\n"}, nil, to(b)...)
	both := n.sleep("beside each other", "test1", "1001", "1003")
	if both["1001"] != first["1001"] {
		t.Errorf("the first runs as %s, was %s", both["1001"], first["1001"])
	}

	// What is taken over goes on, if it is the same, and is the other's no more.
	expect(0, "first", []string{"test1  b  refreshed  ", "taken over\n1 refreshed, 1 kept: generation 2\n"}, nil, to(a1+b, "--take-over")...)
	if now := n.sleep("taken over", "test1", "1001", "1003"); !maps.Equal(now, both) {
		t.Errorf("they run as %v, were %v", now, both)
	}
	expect(1, "second", []string{"test1    b        unknown", "@"}, []string{"1 of 1 processes are another network's now"}, "network-status")
	expect(0, "second", nil, []string{"warning: b on test1 is left alone: the network "}, undeploy...)
	n.sleep("not the second's", "test1", "1001", "1003")

	// If that fails, it is the other's again.
	expect(1, "second", nil, []string{"could not start b on test1", "everything runs as it did before"},
		to(`b.pkg = create { name = "b"; process = script "fails" "exit 7"; overrides.sysvinit.runlevels = [ 3 4 5 ]; };`, "--take-over")...)
	n.sleep("not taken over", "test1", "1001", "1003")
	expect(0, "first", []string{"2 kept"}, nil, to(a1+b)...)
	expect(0, "first", []string{"2 stopped"}, nil, undeploy...)
	n.sleep("undeployed", "test1")
}
