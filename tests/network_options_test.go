package tests

import (
	"strings"
	"testing"
)

// What options and infrastructure ask for holds on each machine, or is refused before
// anything is touched there.
func TestNetworkOptions(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1", "test2")
	n.env = append(n.env, "NIX_PATH=") // so that only --host-packages brings packages
	ids, resources := n.path("ids.nix"), n.write("idresources.nix", `{ numbers = { min = 1001; max = 1009; }; }`)
	processes := ""
	for _, name := range []string{"a", "b"} {
		processes += name + ` = sleeper "` + name + `" { args = [ (import ` + ids + `).ids.numbers.` + name + ` ]; } // { requiresUniqueIdsFor = [ "numbers" ]; }; `
	}
	switching := func(distribution string, more ...string) []string {
		return append(append([]string{"network-switch", "--host-packages", "--id-scope=machine", "--ids", ids, "--id-resources", resources}, more...), model(distribution, processes)...)
	}

	r := n.expect(0, []string{"2 started: generation 1\n"}, nil, switching("a = [ test1 ]; b = [ test2 ];")...)
	b := pidIn(lineOf(r.stdout, "test2", "b"))
	n.runsAs(pidIn(lineOf(r.stdout, "test1", "a")), "test1", "1001")
	n.runsAs(b, "test2", "1001")

	// Who moves to a machine takes nobody's number there; and how long something may
	// take is nothing that is deployed.
	moved := "a = [ test2 ]; b = [ test2 ];"
	r = n.expect(0, []string{"1 started, 1 stopped, 1 kept: generation 2\n"}, nil, switching(moved)...)
	n.runsAs(pidIn(lineOf(r.stdout, "test2", "a")), "test2", "1002")
	n.runsAs(b, "test2", "1001")
	n.expect(0, []string{"2 kept: generation 2\n"}, nil, switching(moved, "--timeout=60", "--jobs=1")...)

	// A process manager that is not there is found before what runs is stopped.
	for properties, want := range map[string]string{
		`properties.processManager = "systemd";`: "  test2: systemd can't be used there: ",
		`properties.processManager = "supervisord";`: "  test2: supervisord can't be used there: nobody said where its configuration is: set the machine's " +
			"containers.nixproc-process.SUPERVISORD_CONF_DIR in the infrastructure",
		`properties.processManager = "supervisord"; containers.nixproc-process.SUPERVISORD_CONF_DIR = "/nowhere";`: "  test2: supervisord can't be used there: supervisord can't be asked",
	} {
		n.write("infrastructure.nix", `{ test1.properties.hostname = "test1"; test2 = { properties.hostname = "test2"; `+properties+` }; }`)
		r = n.expect(1, nil, []string{"these machines can't be deployed to; nothing was touched:\n", want}, switching(moved)...)
		if strings.Contains(r.stderr, "stopping") {
			t.Errorf("%s: something was stopped:\n%s", properties, r.stderr)
		}
		n.runsAs(b, "test2", "1001")
	}
	r = n.expect(0, []string{"restart"}, []string{"warning: these machines can't be deployed to", " can't be used there: "}, append([]string{"network-plan", "--jobs=2", "--timeout=5"}, switching(moved)[1:]...)...)
	if strings.Contains(r.stdout, "keep") {
		t.Errorf("the plan is %s", r.stdout)
	}

	n.expect(0, []string{"1 started, 1 stopped, 1 kept: generation 1\n"}, nil, "network-switch", "--rollback", "--timeout=60", "--jobs=1")
	n.runsAs(b, "test2", "1001")
	n.write("infrastructure.nix", `{ test1.properties.hostname = "test1"; test2.properties.hostname = "test2"; }`)
	// What a machine is given and does not start is told as on one machine.
	processes = `a = sleeper "a" { args = [ 1001 ]; }; never.pkg = create { name = "never"; process = script "never" "sleep 1000"; };`
	without := append([]string{"network-switch", "--host-packages"}, model("a = [ test1 ]; never = [ test2 ];", processes)...)
	r = n.expect(0, []string{"1 skipped"}, []string{"warning: never is not started on test2: it starts in no runlevel"}, without...)
	if line := lineOf(r.stdout, "test2", "never"); !strings.Contains(line, "skipped") {
		t.Errorf("%q", line)
	}
	n.expect(0, nil, nil, "network-status")

	n.expect(0, []string{"2 stopped"}, nil, "network-switch", "-i", n.path("infrastructure.nix"), "--undeploy", "--host-packages")
}
