package tests

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// reachable checks that the web application says through the proxy which port it
// listens on.
func reachable(t *testing.T, proxy int, name string, port int) {
	t.Helper()
	page, want := "", fmt.Sprintf("listening on port: %d", port)
	// A process that was made a daemon is started, but may not listen yet.
	for end := time.Now().Add(patience); !strings.Contains(page, want) && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		page = get(t, proxy, name+".local")
	}
	if !strings.Contains(page, want) {
		t.Errorf("%s answers for %s.local with\n%s", strconv.Itoa(proxy), name, page)
	}
}

// sameList checks that the generations are those that nix-env lists.
func (d *deployment) sameList(lines int) {
	d.t.Helper()
	ours := d.nixproc("sysvinit-switch", "--list-generations")
	theirs := d.program("nix-env", "-p", d.path("profiles", "processes"), "--list-generations")
	if ours.code != 0 || ours.stdout != theirs.stdout || strings.Count(ours.stdout, "\n") != lines {
		d.t.Errorf("--list-generations (exit code %d) prints\n%snix-env prints\n%swant %d lines", ours.code, ours.stdout, theirs.stdout, lines)
	}
}

// leavesNothing undeploys, and checks that of all that was ever seen to run in
// the observations nothing is left: no process, pid file or open port.
func (d *deployment) leavesNothing(used ports, seen ...observation) {
	t := d.t
	t.Helper()
	before := d.observe()
	d.mustSwitchTo("--undeploy", "--host-packages")
	o := d.observe()
	if strings.Contains(string(o), "process ") {
		t.Errorf("pid files are left after --undeploy:\n%s", o)
	}
	if left := mentions(t, d.path("state")); len(left) > 0 {
		t.Errorf("processes are left after --undeploy:\n%s", strings.Join(left, "\n"))
	}
	for _, earlier := range append(seen, before) {
		for _, name := range earlier.running() {
			pid, err := strconv.Atoi(earlier.fact("process " + name + " pid"))
			if err != nil {
				t.Fatal(err)
			}
			if alive(pid) {
				t.Errorf("%s, process %d, is left after --undeploy", name, pid)
			}
		}
	}
	for name, port := range used {
		if page := get(t, port, "localhost"); !strings.Contains(page, "connection refused") {
			t.Errorf("the port of %s still answers after --undeploy: %s", name, page)
		}
	}
}

// The main job: P7, P9, P14, D1, D4, D5 and D7. What an upgrade does not change
// keeps its process; rollback and --switch-generation go where they say,
// without building; --undeploy leaves nothing.
func TestUpgradeKeepsWhatDidNotChange(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("nginx", "daemon")
	port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp", "webapp7", "other")...)
	other := port["other"]
	delete(port, "other")

	d.mustSwitchTo("--host-packages", port.params(), example(t, "webapps-agnostic", "processes.nix"))
	simple := d.observe()
	runs(t, simple, simpleNames...)
	reachable(t, port["nginx"], "webapp", port["webapp"])

	d.mustSwitchTo("--host-packages", port.params(), example(t, "webapps-agnostic", "processes-advanced.nix"))
	advanced := d.observe("PORT")
	runs(t, advanced, advancedNames...)
	for _, name := range advancedNames[:4] {
		reachable(t, port["nginx"], name, port[name])
	}
	for _, name := range []string{"webapp5", "webapp6"} {
		reachable(t, port["nginx2"], name, port[name])
	}

	model := d.writeAdvanced("changed model.nix",
		`webapp3 = webapp "3"`, `webapp7 = webapp "7"; webapp3 = webapp "3"`,
		"[ webapp1 webapp2 webapp3 webapp4 ]", "[ webapp1 webapp2 webapp3 webapp4 webapp7 ]")
	changedPort := maps.Clone(port)
	changedPort["webapp3"] = other
	r := d.mustSwitchTo("--host-packages", changedPort.params(), model)
	changed := d.observe("PORT")
	runs(t, changed, append(slices.Clone(advancedNames), "webapp7")...)
	kept := []string{"webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2"}
	if compared := same(t, advanced, changed, kept...); compared < 5 {
		t.Fatalf("only %d processes were compared", compared)
	}
	replaced(t, advanced, changed, "webapp3", "nginx")
	if got := changed.fact("process webapp3 variable"); got != fmt.Sprintf("PORT=%d", other) {
		t.Errorf("webapp3 runs with %s, want port %d", got, other)
	}
	if !strings.Contains(r.stdout, "1 started, 2 restarted, 6 kept: generation 3") {
		t.Errorf("the result says\n%s", r.stdout)
	}
	for _, name := range []string{"webapp1", "webapp3", "webapp7"} {
		reachable(t, changedPort["nginx"], name, changedPort[name])
	}
	d.sameList(3)

	// Back, further back, and not beyond the oldest. None of it may build.
	calls := d.countCalls()
	d.mustSwitchTo("--rollback")
	back := d.observe("PORT")
	runs(t, back, advancedNames...)
	same(t, changed, back, kept...)
	if got := back.fact("process webapp3 variable"); got != fmt.Sprintf("PORT=%d", port["webapp3"]) {
		t.Errorf("webapp3 runs with %s after the rollback", got)
	}
	if back.fact("profile processes ->") != "processes-2-link" {
		t.Errorf("after the first rollback:\n%s", back.profile())
	}
	d.mustSwitchTo("--rollback")
	oldest := d.observe()
	runs(t, oldest, simpleNames...)
	reachable(t, port["nginx"], "webapp", port["webapp"])
	if oldest.fact("profile processes ->") != "processes-1-link" {
		t.Errorf("after the second rollback:\n%s", oldest.profile())
	}
	r = d.switchTo("--rollback")
	if r.code != 1 || !strings.Contains(r.stderr, "no generation before the current one") {
		t.Errorf("a rollback beyond the oldest: exit code %d\n%s", r.code, r.stderr)
	}
	if after := d.observe(); after != oldest {
		t.Errorf("a rollback that failed changed\n%sto\n%s", oldest, after)
	}
	d.mustSwitchTo("--switch-generation=3")
	forth := d.observe()
	runs(t, forth, append(slices.Clone(advancedNames), "webapp7")...)
	if forth.fact("profile processes ->") != "processes-3-link" {
		t.Errorf("after --switch-generation=3:\n%s", forth.profile())
	}
	reachable(t, changedPort["nginx"], "webapp7", changedPort["webapp7"])
	if made := calls(); len(made) > 0 {
		t.Errorf("going to another generation called %v", made)
	}
	d.sameList(3)

	changedPort["other"] = port["webapp3"]
	d.leavesNothing(changedPort, simple, advanced, changed, back, oldest)
	d.sameList(4)
	d.mustSwitchTo("--rollback")
	again := d.observe()
	runs(t, again, append(slices.Clone(advancedNames), "webapp7")...)
	d.leavesNothing(changedPort, again)
}

// P9 whatever the web application can do: only run in the foreground, or only
// as a daemon; and for scripts that are written for sysvinit alone.
func TestUpgradeInOtherModes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, folder, params string }{
		{"foreground", "webapps-agnostic", `webappMode = "foreground";`},
		{"daemon", "webapps-agnostic", `webappMode = "daemon";`},
		{"sysvinit", "webapps-sysvinit", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.hostNeeds("nginx", "daemon")
			port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp")...)

			d.mustSwitchTo("--host-packages", port.params(c.params), example(t, c.folder, "processes.nix"))
			simple := d.observe()
			runs(t, simple, simpleNames...)
			reachable(t, port["nginx"], "webapp", port["webapp"])

			d.mustSwitchTo("--host-packages", port.params(c.params), example(t, c.folder, "processes-advanced.nix"))
			before := d.observe()
			old := port["webapp3"]
			port["webapp3"] = freePorts(t, 1)[0]
			d.mustSwitchTo("--host-packages", port.params(c.params), example(t, c.folder, "processes-advanced.nix"))
			after := d.observe()
			runs(t, after, advancedNames...)
			if compared := same(t, before, after, "webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2"); compared < 5 {
				t.Fatalf("only %d processes were compared", compared)
			}
			replaced(t, before, after, "webapp3", "nginx")
			reachable(t, port["nginx"], "webapp3", port["webapp3"])
			port["old"] = old
			d.leavesNothing(port, simple, before)
		})
	}
}

// A process manager is deployed as a process like any other.
func TestServicesExample(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("python3Packages.supervisor", "daemon")
	port := ports{"supervisord": freePorts(t, 1)[0]}
	// Only supervisord: a Docker daemon changes the host's network.
	model := d.write("supervisord.nix", "args@{ ids, pkgs ? import <nixpkgs> {}, stateDir, processManager, forceDisableUserChange }: { inherit (import (/. + "+
		nixString(example(t, "services-agnostic", "processes.nix"))+") (args // { inherit pkgs; })) supervisord; }")
	params := fmt.Sprintf("--extra-params={ ids.inetHTTPPorts.supervisord = %d; }", port["supervisord"])
	d.mustSwitchTo("--host-packages", params, model)
	before := d.observe()
	runs(t, before, "supervisord")
	eventually(t, "supervisord answers", func() bool {
		return strings.Contains(get(t, port["supervisord"], "localhost"), "Supervisor")
	})
	d.leavesNothing(port, before)
}
