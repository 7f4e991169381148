package tests

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	revives bool        // whether the manager starts again what has died
	// keeps are the processes that ours goes on with when it has read what theirs
	// is: see COMPATIBILITY.md.
	keeps []string
}

// takenOver are the processes that the old tools start first.
var takenOver = []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx"}

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
	return o.identities()
}

func (o observation) identities() map[string]string {
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
		old: old, webappsPlace: s, d: d, manager: "supervisord", target: s.conf + "/conf.d", revives: true,
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
		old: old, webappsPlace: s, d: d, manager: "s6-rc", revives: true,
		options: []string{"--state-dir", d.path("state"), "--force-disable-user-change"},
	}
}

// olderLaunchctl has the verbs that the old tools know, which macOS has given up.
const olderLaunchctl = `#!/bin/sh -e
last() { shift $(($# - 1)); echo "$1"; }
case $1 in
load) exec "$LAUNCHCTL" bootstrap system "$(last "$@")" ;;
unload)
	label=system/$(basename "$2" .plist)
	"$LAUNCHCTL" bootout "$label" || [ $? = 36 ] # which says that it takes a while
	while "$LAUNCHCTL" print "$label" >/dev/null 2>&1; do sleep 0.05; done
	;;
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

// Two programs of FreeBSD that the old tools call: rcorder(8), and tail(1) with
// its option for the reverse order.
const (
	rcorderStandin = `#!/usr/bin/env python3
import graphlib, re, sys
words = {file: {key: line.split() for key, line in re.findall(r"^# (PROVIDE|REQUIRE|BEFORE):(.*)$", open(file).read(), re.M)} for file in sys.argv[1:]}
owner = {name: file for file in words for name in words[file].get("PROVIDE", [])}
graph = {file: set() for file in words}
for file in words:
    graph[file].update(owner[name] for name in words[file].get("REQUIRE", []) if name in owner)
    for name in words[file].get("BEFORE", []):
        if name in owner:
            graph[owner[name]].add(file)
print(*graphlib.TopologicalSorter(graph).static_order(), sep="\n")
`
	tailStandin = `#!/bin/sh
if [ "$*" = -r ]; then exec tac; fi
exec /usr/bin/tail "$@"
`
)

func takeoverBsdrc(t *testing.T) takeover {
	b := newBSDMachine(t)
	old := newOldTools(b.deployment)
	for name, text := range map[string]string{"rcorder": rcorderStandin, "tail": tailStandin} {
		if err := os.Chmod(b.write("freebsd/"+name, text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	old.path = b.path("freebsd") + ":" + old.path
	return takeover{
		old: old, webappsPlace: bsdPlace{b}, d: b.deployment, manager: "bsdrc", enter: b.enters(),
		options: []string{"--state-dir", b.path("state"), "--force-disable-user-change"},
	}
}
