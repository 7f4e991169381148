package tests

import "testing"

// On a machine of a network nixproc does what it does anywhere: what can go on running
// goes on, and what is to be ready is waited for.
func TestNetworkInPlace(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1")
	switching := func(readiness string) []string {
		return append([]string{"network-switch"}, model("a = [ test1 ];", `a = sleeper "a" { args = [ 1001 ]; } // { readiness = `+readiness+`; };`)...)
	}
	r := n.expect(0, []string{"1 started: generation 1\n"}, nil, switching(`{ command = [ "/bin/sh" "-c" "exit 0" ]; }`)...)
	pid := pidIn(lineOf(r.stdout, "test1", "a"))

	r = n.expect(0, []string{"refreshed", "1 refreshed: generation 2\n"}, nil, switching(`{ command = [ "/bin/sh" "-c" "test -e /" ]; }`)...)
	if now := pidIn(lineOf(r.stdout, "test1", "a")); now != pid {
		t.Errorf("it runs as %s, was %s", now, pid)
	}
	n.runsAs(pid, "test1", "1001")

	n.expect(65, nil, []string{"processes.nix is wrong:\n  process 'a': attribute 'readiness.command' is a string, where a list is due"}, switching(`{ command = "no list"; }`)...)
	n.expect(0, nil, nil, "network-switch", "-i", n.path("infrastructure.nix"), "--undeploy")
	r = n.expect(1, nil, []string{"could not start a on test1", "process 'a' failed to become ready", "everything runs as it did before"}, switching(`{ command = [ "/bin/sh" "-c" "exit 1" ]; timeout = 1; }`)...)
	if n.on("test1", "pgrep", "-f", "sleep 1001").code == 0 {
		t.Errorf("what did not become ready runs\n%s", r.stderr)
	}
}
