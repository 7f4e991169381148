package tests

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// takeover is a place that the old tools deploy to first.
type takeover struct {
	webappsPlace
	d       *deployment
	old     *oldTools
	enter   []string // see oldTools.run
	manager string
	options []string    // of the old tools' switch
	mode    string      // webappMode, "" for what the manager prefers
	target  string      // where the manager reads files
	settled func() bool // whether all that theirs started is up; nil if it waits for that
	// keeps are the processes that ours goes on with when it has read what theirs
	// is: see COMPATIBILITY.md.
	keeps []string
}

// takeoverModel is the old framework's own advanced example without some of its
// processes.
const takeoverModel = `{ pkgs ? import <nixpkgs> { }, stateDir ? "/var", runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log", cacheDir ? "${stateDir}/cache", libDir ? "${stateDir}/lib", tmpDir ? "${stateDir}/tmp"
, forceDisableUserChange ? false, processManager, webappMode ? null, without ? [ ] }:
removeAttrs (import ./processes-advanced.nix {
  inherit pkgs stateDir runtimeDir logDir cacheDir libDir tmpDir forceDisableUserChange processManager webappMode;
}) without
`

// model writes the old framework's example with these ports into the tree, and
// gives its path.
func (o *oldTools) model(t *testing.T, port ports) string {
	t.Helper()
	folder := filepath.Join(o.tree, "examples/webapps-agnostic")
	ids := strings.TrimPrefix(port.params(), "--extra-params=")
	for name, text := range map[string]string{"ids-advanced.nix": ids, "takeover.nix": takeoverModel} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "takeover.nix")
}

// inPlace puts the Nix files of a checkout, ours or theirs, where the old
// framework's stood.
func (o *oldTools) inPlace(t *testing.T, checkout string) {
	t.Helper()
	tree := filepath.Join(o.tree, "nixproc")
	if err := os.RemoveAll(tree); err != nil {
		t.Fatal(err)
	}
	copyTree(t, filepath.Join(checkout, "nixproc"), tree)
}

// without is the option that leaves out processes of the model.
func without(names ...string) []string {
	return []string{"--extra-params", `{ without = [ "` + strings.Join(names, `" "`) + `" ]; }`}
}

// inMode is without for a web application that can only be run in one way.
func (p takeover) inMode(names ...string) []string {
	options := without(names...)
	if p.mode != "" {
		options[1] = fmt.Sprintf("{ webappMode = %q; %s", p.mode, strings.TrimPrefix(options[1], "{ "))
	}
	return options
}

// switchByOld switches by the old tools.
func (p takeover) switchByOld(args ...string) outcome {
	p.d.t.Helper()
	r := p.old.mustRun(p.d, p.enter, "nixproc-"+p.manager+"-switch", append(slices.Clone(p.options), args...)...)
	if p.settled != nil {
		eventually(p.d.t, "what the old tools started is up", p.settled)
	}
	return r
}

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
	firstNames := []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx"}
	before := p.runsExactly(firstNames...)
	reachable(t, port["nginx"], "webapp1", port["webapp1"])

	r := p.mustSwitchTo(first...)
	kept(t, before, p.runsExactly(firstNames...), firstNames...)
	p.says(r, "6 kept")

	changedPort := ports{}
	for name, number := range port {
		changedPort[name] = number
	}
	changedPort["webapp3"] = port["other"]
	second := append(p.inMode("webapp5", "nginx2"), p.old.model(t, changedPort))
	r = p.mustSwitchTo(second...)
	secondNames := []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp6", "nginx"}
	after := p.runsExactly(secondNames...)
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
		if !slices.Contains(p.keeps, name) {
			p.restarted(before, after, name)
		}
	}
	for _, name := range firstNames {
		if !slices.Contains(p.keeps, name) && !regexp.MustCompile(`(?m)^`+name+` +restarted +pid \d+ +(its|it can't be compared) `).MatchString(r.stdout) {
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

// sysvinitPlace is a deployment as the tests see it that are the same for all
// managers.
type sysvinitPlace struct{ *deployment }

func (p sysvinitPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	return p.deployment.mustSwitchTo(append([]string{"--host-packages"}, args...)...)
}

func (p sysvinitPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	o := p.observe()
	runs(p.t, o, names...)
	found := map[string]string{}
	for _, name := range o.running() {
		found[name] = o.identity(name)
	}
	return found
}

func takeoverSysvinit(t *testing.T) takeover {
	d := newDeployment(t)
	return takeover{
		old: newOldTools(d), webappsPlace: sysvinitPlace{d}, d: d, manager: "sysvinit",
		options: []string{"--state-dir", d.path("state"), "--force-disable-user-change", "--runlevel", "3"},
		keeps:   []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx"},
	}
}

// systemdPlace likewise.
type systemdPlace struct{ *systemdMachine }

func (p systemdPlace) runsExactly(names ...string) map[string]string { return p.runs(names...) }

func takeoverSystemd(t *testing.T, user bool) takeover {
	return takeoverSystemdOf(newDeployment(t), user)
}

func takeoverSystemdOf(d *deployment, user bool) takeover {
	old := newOldTools(d)
	m := systemdMachineFor(d, user)
	p := takeover{
		old: old, webappsPlace: systemdPlace{m}, d: d, manager: "systemd", enter: m.enter, target: m.units,
		options: []string{"--state-dir", d.path("state")},
		keeps:   []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx"},
	}
	if user {
		p.options = append(p.options, "--user", "--force-disable-user-change")
		p.enter = []string{"env", "SYSTEMD_TARGET_DIR=" + m.units} // theirs knows no XDG_CONFIG_HOME
	}
	return p
}

func takeoverSupervisord(t *testing.T) takeover { return takeoverSupervisordOf(newDeployment(t)) }

func takeoverSupervisordOf(d *deployment) takeover {
	old := newOldTools(d)
	s := supervisordFor(d)
	s.run()
	// Theirs calls supervisorctl without telling where its configuration is.
	conf := d.path("conf")
	if err := os.Symlink(s.conf, conf); err != nil {
		d.t.Fatal(err)
	}
	return takeover{
		old: old, webappsPlace: s, d: d, manager: "supervisord", target: s.conf + "/conf.d",
		settled: func() bool { return !strings.Contains(s.ctl("status").stdout, "STARTING") },
		enter:   []string{"env", "-C", conf, "SUPERVISORD_CONF_DIR=" + conf},
		options: []string{"--state-dir", d.path("state"), "--force-disable-user-change"},
		keeps:   []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5"},
	}
}

func takeoverS6rc(t *testing.T) takeover {
	d := newDeployment(t)
	old := newOldTools(d)
	s := s6rcFor(d, "state")
	s.run()
	return takeover{
		old: old, webappsPlace: s, d: d, manager: "s6-rc",
		options: []string{"--state-dir", d.path("state"), "--force-disable-user-change"},
	}
}

// olderLaunchctl has the verbs that the old tools know, which macOS has given up.
const olderLaunchctl = `#!/bin/sh -e
last() { shift $(($# - 1)); echo "$1"; }
case $1 in
load) exec "$LAUNCHCTL" bootstrap system "$(last "$@")" ;;
unload) exec "$LAUNCHCTL" bootout "system/$(basename "$2" .plist)" ;;
start) exec "$LAUNCHCTL" kickstart "system/$2" ;;
stop) ;; # unload ends it
*) exit 64 ;;
esac
`

func takeoverLaunchd(t *testing.T) takeover {
	d := newDeployment(t)
	old := newOldTools(d)
	l := launchdFor(d)
	l.run()
	target := d.path("LaunchDaemons") // without a blank
	if err := errors.Join(os.Mkdir(l.dir, 0o755), os.Symlink(l.dir, target)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(d.write("older/launchctl", olderLaunchctl), 0o755); err != nil {
		t.Fatal(err)
	}
	old.path = d.path("older") + ":" + old.path
	return takeover{
		old: old, webappsPlace: l, d: d, manager: "launchd",
		enter:   []string{"env", "LAUNCHD_TARGET_DIR=" + target, "LAUNCHCTL=" + filepath.Join(l.state, "launchctl")},
		options: []string{"--state-dir", d.path("state"), "--force-disable-user-change"},
		keeps:   []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5"},
	}
}
