package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The main job, with all ways in which the web application can run. (The names
// of tests are short here: sockets have their directories in their paths.)
func TestS6rcModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"", "foreground", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := newS6rc(t)
			p.hostNeeds("nginx", "daemon")
			p.run()
			port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp")...)
			inMode := map[bool]string{true: fmt.Sprintf("webappMode = %q;", mode)}[mode != ""]
			params := port.params(inMode)

			p.mustSwitchTo(params, example(t, "webapps-agnostic", "processes.nix"))
			p.runsExactly(simpleNames...)
			reachable(t, port["nginx"], "webapp", port["webapp"])

			p.mustSwitchTo(params, example(t, "webapps-agnostic", "processes-advanced.nix"))
			advanced := p.runsExactly(advancedNames...)
			reachable(t, port["nginx"], "webapp1", port["webapp1"])
			reachable(t, port["nginx2"], "webapp5", port["webapp5"])

			model := p.writeAdvanced("changed model.nix",
				`webapp3 = webapp "3"`, `webapp7 = webapp "7"; webapp3 = webapp "3"`,
				"[ webapp1 webapp2 webapp3 webapp4 ]", "[ webapp1 webapp2 webapp3 webapp4 webapp7 ]")
			port["webapp7"] = freePorts(t, 1)[0] // late: others look for free ports too
			params = port.params(inMode)
			r := p.mustSwitchTo(params, model)
			changed := p.runsExactly(append(slices.Clone(advancedNames), "webapp7")...)
			kept(t, advanced, changed, "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "webapp6", "nginx2")
			if !strings.Contains(r.stdout, "1 started, 1 restarted, 7 kept: generation 3") {
				t.Errorf("the result says\n%s", r.stdout)
			}
			reachable(t, port["nginx"], "webapp7", port["webapp7"])

			r = p.mustSwitchTo(params, model)
			kept(t, changed, p.observe(), append(slices.Clone(advancedNames), "webapp7")...)
			if !strings.Contains(r.stdout, "9 kept: generation 3") {
				t.Errorf("a switch with nothing to do says\n%s", r.stdout)
			}
			p.mustSwitchTo("--rollback")
			back := p.runsExactly(advancedNames...)
			kept(t, changed, back, "webapp1", "webapp3", "nginx2")
			p.mustSwitchTo("--rollback")
			p.runsExactly(simpleNames...)

			p.mustSwitchTo("--undeploy")
			p.runsExactly()
			for name, port := range port {
				if page := get(t, port, "localhost"); !strings.Contains(page, "connection refused") {
					t.Errorf("the port of %s still answers after --undeploy: %s", name, page)
				}
			}
			if left := mentions(t, p.path("state", "log")); len(left) > 0 {
				t.Errorf("processes are left after --undeploy:\n%s", strings.Join(left, "\n"))
			}
		})
	}
}
