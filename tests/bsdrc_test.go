package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The main job, with all ways in which the web application can run.
func TestBsdrcUpgrade(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"", "foreground", "daemon"} {
		t.Run("mode "+mode, func(t *testing.T) {
			t.Parallel()
			b := newBSDMachine(t)
			b.hostNeeds("nginx")
			port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp")...)
			inMode := map[bool]string{true: fmt.Sprintf("webappMode = %q;", mode)}[mode != ""]
			params := port.params(inMode)

			b.mustSwitchTo(params, example(t, "webapps-agnostic", "processes.nix"))
			b.runsExactly(simpleNames...)
			reachable(t, port["nginx"], "webapp", port["webapp"])

			b.mustSwitchTo(params, example(t, "webapps-agnostic", "processes-advanced.nix"))
			advanced := b.runsExactly(advancedNames...)
			reachable(t, port["nginx"], "webapp1", port["webapp1"])
			reachable(t, port["nginx2"], "webapp5", port["webapp5"])

			model := b.writeAdvanced("changed model.nix",
				`webapp3 = webapp "3"`, `webapp7 = webapp "7"; webapp3 = webapp "3"`,
				"[ webapp1 webapp2 webapp3 webapp4 ]", "[ webapp1 webapp2 webapp3 webapp4 webapp7 ]")
			port["webapp7"] = freePorts(t, 1)[0] // late: others look for free ports too
			params = port.params(inMode)
			r := b.mustSwitchTo(params, model)
			changed := b.runsExactly(append(slices.Clone(advancedNames), "webapp7")...)
			same(t, advanced, changed, "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "webapp6", "nginx2")
			replaced(t, advanced, changed, "nginx")
			if !strings.Contains(r.stdout, "1 started, 1 restarted, 7 kept: generation 3") {
				t.Errorf("the result says\n%s", r.stdout)
			}
			reachable(t, port["nginx"], "webapp7", port["webapp7"])

			r = b.mustSwitchTo(params, model)
			same(t, changed, b.observe(), append(slices.Clone(advancedNames), "webapp7")...)
			if !strings.Contains(r.stdout, "9 kept: generation 3") {
				t.Errorf("a switch with nothing to do says\n%s", r.stdout)
			}
			b.mustSwitchTo("--rollback")
			same(t, changed, b.runsExactly(advancedNames...), "webapp1", "webapp3", "nginx2")
			b.mustSwitchTo("--rollback")
			b.runsExactly(simpleNames...)
			b.leavesNothing()
			for name, port := range port {
				if page := get(t, port, "localhost"); !strings.Contains(page, "connection refused") {
					t.Errorf("the port of %s still answers after --undeploy: %s", name, page)
				}
			}
		})
	}
}

// Users and groups come before the processes that run as them, and go after
// those; who stays keeps its process.
func TestBsdrcUsers(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	needsRoot(t, "nginx")
	model := newAdvancedModel(b.machine, "null")
	run := func(args ...string) {
		t.Helper()
		r := b.nixproc(append([]string{"bsdrc-switch", "--host-packages", "--state-dir", b.path("state")}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	run(model.args()...)
	before := b.observe()
	for name, id := range advanced {
		b.has(name, id)
		if strings.HasPrefix(name, "webapp") {
			runsAs(t, name, b.running(name), id, id)
		}
	}
	run(model.args("webapp6")...)
	b.hasNot("webapp6")
	same(t, before, b.observe(), "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx")
	run("--undeploy")
	for name := range advanced {
		b.hasNot(name)
	}
	b.runsExactly()
}
