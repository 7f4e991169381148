package tests

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// The main job with systemd: P7, P8, P9, P14, D4 and D32. What an upgrade does
// not change keeps its process; rollback goes back; --undeploy leaves nothing.
func TestSystemdUpgradeKeepsWhatDidNotChange(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		m.hostNeeds("nginx")
		port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp", "webapp7", "other")...)
		changed := maps.Clone(port)
		changed["webapp3"] = port["other"]

		m.mustSwitchTo(port.params(), example(t, "webapps-agnostic", "processes.nix"))
		simple := m.runs(simpleNames...)
		reachable(t, port["nginx"], "webapp", port["webapp"])

		m.mustSwitchTo(port.params(), example(t, "webapps-agnostic", "processes-advanced.nix"))
		advanced := m.runs(advancedNames...)
		m.verify()
		for _, name := range []string{"webapp1", "webapp4"} {
			reachable(t, port["nginx"], name, port[name])
		}

		before := m.snapshot()
		r := m.mustSwitchTo(port.params(), example(t, "webapps-agnostic", "processes-advanced.nix"))
		if !strings.Contains(r.stdout, "8 kept: generation 2") || strings.Contains(r.stderr, "started") {
			t.Errorf("the same switch again says\n%s%s", r.stdout, r.stderr)
		}
		m.kept(advanced, m.pids(), advancedNames...)

		model := m.writeAdvanced("changed model.nix",
			`webapp3 = webapp "3"`, `webapp7 = webapp "7"; webapp3 = webapp "3"`,
			"[ webapp1 webapp2 webapp3 webapp4 ]", "[ webapp1 webapp2 webapp3 webapp4 webapp7 ]")
		r = m.mustSwitchTo(changed.params(), model)
		if !strings.Contains(r.stdout, "1 started, 2 restarted, 6 kept: generation 3") {
			t.Errorf("the result says\n%s", r.stdout)
		}
		after := m.runs(append(slices.Clone(advancedNames), "webapp7")...)
		same := []string{"webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2"}
		m.kept(advanced, after, same...)
		if after["webapp3"] == advanced["webapp3"] || after["nginx"] == advanced["nginx"] {
			t.Errorf("what changed was not restarted: %v", after)
		}
		reachable(t, port["nginx"], "webapp3", changed["webapp3"])
		reachable(t, port["nginx"], "webapp7", port["webapp7"])

		m.mustSwitchTo("--rollback")
		m.kept(advanced, m.runs(advancedNames...), same...)
		if back := m.snapshot(); !maps.Equal(back, before) {
			t.Errorf("the unit files after a rollback are %v, want %v", back, before)
		}
		m.mustSwitchTo("--rollback")
		m.runs(simpleNames...)
		if r := m.switchTo("--rollback"); r.code != 1 || !strings.Contains(r.stderr, "no generation before the current one") {
			t.Errorf("a rollback beyond the oldest: exit code %d\n%s", r.code, r.stderr)
		}
		if simple["webapp"] == "" {
			t.Error("nothing ran at first")
		}
		m.undeployed()
		for name, port := range port {
			if page := get(t, port, "localhost"); !strings.Contains(page, "connection refused") {
				t.Errorf("the port of %s still answers after --undeploy: %s", name, page)
			}
		}
	})
}

// Whatever the web application can do: only run in the foreground, or only as a
// daemon.
func TestSystemdInOtherModes(t *testing.T) {
	for _, mode := range []string{"foreground", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			withSystemd(t, func(t *testing.T, m *systemdMachine) {
				m.hostNeeds("nginx")
				port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp")...)
				params := `webappMode = "` + mode + `";`
				m.mustSwitchTo(port.params(params), example(t, "webapps-agnostic", "processes.nix"))
				m.runs(simpleNames...)
				reachable(t, port["nginx"], "webapp", port["webapp"])
				m.mustSwitchTo(port.params(params), example(t, "webapps-agnostic", "processes-advanced.nix"))
				before := m.runs(advancedNames...)
				m.verify()
				port["webapp3"] = freePorts(t, 1)[0]
				m.mustSwitchTo(port.params(params), example(t, "webapps-agnostic", "processes-advanced.nix"))
				after := m.runs(advancedNames...)
				m.kept(before, after, "webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2")
				reachable(t, port["nginx"], "webapp3", port["webapp3"])
				unit := read(t, m.units, "nix-process-webapp1.service")
				if want := map[string]string{"foreground": "Type=simple\n", "daemon": "Type=forking\n"}[mode]; !strings.Contains(unit, want) {
					t.Errorf("the unit lacks %q:\n%s", want, unit)
				}
				m.undeployed()
			})
		})
	}
}
