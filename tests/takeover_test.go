package tests

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The first switch after the old tools compares with what they left and goes on
// from there (DESIGN.md, 1): with their expressions, only what changed restarts;
// with our tree in their place, what can be read as equal goes on running, and
// the rest restarts once. Generations of either are gone back to.
func TestTakesOverFromTheOldTools(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(t *testing.T) takeover{
		"sysvinit": takeoverSysvinit,
		"sysvinit foreground": func(t *testing.T) takeover {
			p := takeoverSysvinit(t)
			p.mode, p.keeps = "foreground", []string{"nginx"}
			return p
		},
		"systemd":      func(t *testing.T) takeover { return takeoverSystemd(t, false) },
		"systemd user": func(t *testing.T) takeover { return takeoverSystemd(t, true) },
		"supervisord":  takeoverSupervisord,
		"s6-rc":        takeoverS6rc,
		"launchd":      takeoverLaunchd,
		"bsdrc":        takeoverBsdrc,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin(t).test(t)
		})
	}
}

func (p takeover) test(t *testing.T) {
	p.hostNeeds("nginx", "daemon")
	port := freePortsFor(t, append(slices.Clone(advancedNames), "other")...)
	first := append(p.inMode("webapp6", "nginx2"), p.old.model(t, port))
	p.switchByOld(first...)
	firstNames := takenOver
	before := p.runsExactly(firstNames...)
	reachable(t, port["nginx"], "webapp1", port["webapp1"])

	// What has died meanwhile is started again (D22), nothing else happens.
	alive := firstNames
	if !p.revives {
		pid := pidOf(before["webapp2"])
		if number, _ := strconv.Atoi(pid); p.mode == "foreground" {
			pid = strconv.Itoa(children(t, number)[0]) // the program, not daemon(1)
		}
		if r := p.d.program("env", slices.Concat(p.enter, []string{"kill", "-9", pid})...); r.code != 0 {
			t.Fatal(r.stderr)
		}
		alive = []string{"webapp1", "webapp3", "webapp4", "webapp5", "nginx"}
	}
	r := p.mustSwitchTo(first...)
	after := p.runsExactly(firstNames...)
	kept(t, before, after, alive...)
	p.says(r, fmt.Sprint(len(alive), " kept"))
	before = after

	changedPort := maps.Clone(port)
	changedPort["webapp3"] = port["other"]
	second := append(p.inMode("webapp5", "nginx2"), p.old.model(t, changedPort))
	r = p.mustSwitchTo(second...)
	secondNames := []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp6", "nginx"}
	after = p.runsExactly(secondNames...)
	kept(t, before, after, "webapp1", "webapp2", "webapp4")
	p.restarted(before, after, "webapp3", "nginx")
	p.says(r, "1 started, 1 stopped, 2 restarted, 3 kept")
	reachable(t, port["nginx"], "webapp3", port["other"])

	// Back to the generation of the old tools, which says nothing of itself.
	p.mustSwitchTo("--rollback")
	before = p.runsExactly(firstNames...)
	kept(t, after, before, "webapp1", "webapp2", "webapp4")
	p.mustSwitchTo("--switch-generation=1")
	kept(t, before, p.runsExactly(firstNames...), firstNames...)

	p.old.inPlace(t, checkoutPath(t))
	p.old.model(t, port)
	r = p.mustSwitchTo(first...)
	after = p.runsExactly(firstNames...)
	kept(t, before, after, p.keeps...)
	for _, name := range firstNames {
		if slices.Contains(p.keeps, name) {
			continue
		}
		p.restarted(before, after, name)
		if !regexp.MustCompile(`(?m)^` + name + ` +restarted +pid \d+ +(its|it can't be compared) `).MatchString(r.stdout) {
			t.Errorf("the switch does not say why %s was restarted:\n%s", name, r.stdout)
		}
	}
	reachable(t, port["nginx"], "webapp4", port["webapp4"])
	before = after

	// Back to the generation of the old tools, and to ours again.
	for _, generation := range []string{"1", "4"} {
		r = p.mustSwitchTo("--switch-generation=" + generation)
		after = p.runsExactly(firstNames...)
		kept(t, before, after, p.keeps...)
		reachable(t, port["nginx"], "webapp4", port["webapp4"])
		before = after
	}
	// Theirs over ours: it takes all for changed, but loses nothing.
	p.old.inPlace(t, oldCheckout(t))
	p.switchByOld(first...)
	after = p.runsExactly(firstNames...)
	reachable(t, port["nginx"], "webapp4", port["webapp4"])
	p.mustSwitchTo(first...)
	kept(t, after, p.runsExactly(firstNames...), firstNames...)
	p.lists(6)
	p.mustSwitchTo("--delete-generations=old")
	p.lists(1)
	nothingRemains(t, p, port)
	if entries, err := os.ReadDir(p.target); p.target != "" && (err != nil || len(entries) > 0) {
		t.Errorf("%s has %v after --undeploy (%v)", p.target, entries, err)
	}
}

// lists checks that both list the generations that there are, whoever made them.
func (p takeover) lists(number int) {
	p.d.t.Helper()
	theirs := p.switchByOld("--list-generations")
	ours := p.mustSwitchTo("--list-generations")
	if ours.stdout != theirs.stdout || strings.Count(ours.stdout, "\n") != number {
		p.d.t.Errorf("we list\n%sthey list\n%swant %d generations", ours.stdout, theirs.stdout, number)
	}
}

func (p takeover) says(r outcome, text string) {
	p.d.t.Helper()
	if !strings.Contains(r.stdout, text) {
		p.d.t.Errorf("the switch says not %q, but\n%s%s", text, r.stdout, r.stderr)
	}
}

func (p takeover) restarted(before, after map[string]string, names ...string) {
	p.d.t.Helper()
	for _, name := range names {
		if before[name] == "" || after[name] == "" || before[name] == after[name] {
			p.d.t.Errorf("%s was process %q and is process %q: it should be another one", name, before[name], after[name])
		}
	}
}
