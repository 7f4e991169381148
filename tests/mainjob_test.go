package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// mainJob is what is to work under every process manager with the same,
// unchanged models: deploy, upgrade, change, add, roll back, undeploy.
type mainJob struct {
	// begin gives a place to deploy to, whose manager runs.
	begin func(t *testing.T) webappsPlace
	// rolledBack looks at what there is after the last rollback; nil for nothing.
	rolledBack func(t *testing.T, p webappsPlace)
}

// webappsPlace is where the web applications are deployed to.
type webappsPlace interface {
	mustSwitchTo(args ...string) outcome
	// runsExactly checks which processes run, and gives which those are: process
	// ID and start time.
	runsExactly(names ...string) map[string]string
	// ours gives the processes whose command line mentions what was deployed.
	ours() []string
	hostNeeds(packages ...string)
	writeAdvanced(name string, replacements ...string) string
}

// test does the main job with the web application run as it likes, and a part of
// it with one that can only run in the foreground, or only as a daemon.
func (job mainJob) test(t *testing.T) {
	t.Run("automatic", func(t *testing.T) {
		t.Parallel()
		job.whole(t)
	})
	for _, mode := range []string{"foreground", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			job.inMode(t, mode)
		})
	}
}

func (job mainJob) whole(t *testing.T) {
	p := job.begin(t)
	p.hostNeeds("nginx")
	port := freePortsFor(t, append(slices.Clone(advancedNames), "webapp")...)
	p.mustSwitchTo(port.params(), example(t, "webapps-agnostic", "processes.nix"))
	p.runsExactly(simpleNames...)
	reachable(t, port["nginx"], "webapp", port["webapp"])

	p.mustSwitchTo(port.params(), example(t, "webapps-agnostic", "processes-advanced.nix"))
	advanced := p.runsExactly(advancedNames...)
	reachable(t, port["nginx"], "webapp1", port["webapp1"])
	reachable(t, port["nginx2"], "webapp5", port["webapp5"])

	model := p.writeAdvanced("changed model.nix",
		`webapp3 = webapp "3"`, `webapp7 = webapp "7"; webapp3 = webapp "3"`,
		"[ webapp1 webapp2 webapp3 webapp4 ]", "[ webapp1 webapp2 webapp3 webapp4 webapp7 ]")
	port["webapp7"] = freePorts(t, 1)[0] // late: others look for free ports too
	r := p.mustSwitchTo(port.params(), model)
	all := append(slices.Clone(advancedNames), "webapp7")
	changed := p.runsExactly(all...)
	kept(t, advanced, changed, "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "webapp6", "nginx2")
	if advanced["nginx"] == changed["nginx"] {
		t.Error("nginx has another configuration, and is the same process")
	}
	if !strings.Contains(r.stdout, "1 started, 1 restarted, 7 kept: generation 3") {
		t.Errorf("the result says\n%s", r.stdout)
	}
	reachable(t, port["nginx"], "webapp7", port["webapp7"])

	recorder, records := p.(interface{ calls() []string })
	if records {
		recorder.calls()
	}
	r = p.mustSwitchTo(port.params(), model)
	if records {
		if calls := recorder.calls(); len(calls) > 0 {
			t.Errorf("a switch with nothing to do called the manager: %q", calls)
		}
	}
	kept(t, changed, p.runsExactly(all...), all...)
	if !strings.Contains(r.stdout, "9 kept: generation 3") {
		t.Errorf("a switch with nothing to do says\n%s", r.stdout)
	}
	p.mustSwitchTo("--rollback")
	kept(t, changed, p.runsExactly(advancedNames...), "webapp1", "webapp3", "nginx2")
	p.mustSwitchTo("--rollback")
	p.runsExactly(simpleNames...)
	if job.rolledBack != nil {
		job.rolledBack(t, p)
	}
	nothingRemains(t, p, port)
}

func (job mainJob) inMode(t *testing.T, mode string) {
	p := job.begin(t)
	p.hostNeeds("nginx")
	port := freePortsFor(t, advancedNames...)
	inMode := fmt.Sprintf("webappMode = %q;", mode)
	model := example(t, "webapps-agnostic", "processes-advanced.nix")
	p.mustSwitchTo(port.params(inMode), model)
	before := p.runsExactly(advancedNames...)
	port["webapp3"] = freePorts(t, 1)[0]
	p.mustSwitchTo(port.params(inMode), model)
	kept(t, before, p.runsExactly(advancedNames...), "webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2")
	reachable(t, port["nginx"], "webapp3", port["webapp3"])
	reachable(t, port["nginx2"], "webapp5", port["webapp5"])
	nothingRemains(t, p, port)
}

// nothingRemains undeploys, and looks for what is left.
func nothingRemains(t *testing.T, p webappsPlace, port ports) {
	t.Helper()
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	for name, port := range port {
		if page := get(t, port, "localhost"); !strings.Contains(page, "connection refused") {
			t.Errorf("the port of %s still answers after --undeploy: %s", name, page)
		}
	}
	if left := p.ours(); len(left) > 0 {
		t.Errorf("processes are left after --undeploy:\n%s", strings.Join(left, "\n"))
	}
}

// ours are the processes that mention the state directory.
func (d *deployment) ours() []string { return mentions(d.t, d.path("state")) }
