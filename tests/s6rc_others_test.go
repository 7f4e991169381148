package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A deployment of the older tools is taken over: nothing of it is left running
// that is not in the model, and what cannot be compared restarts once.
func TestS6rcTakesOver(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	profile := p.store.build(t, `pkgs.stdenv.mkDerivation { name = "s6-rc"; buildCommand = ''
		sv=$out/etc/s6/sv
		for name in a b; do
			mkdir -p $sv/$name-srv $sv/$name-log
			echo longrun | tee $sv/$name-srv/type >$sv/$name-log/type
			printf '#!/bin/sh\nexec sleep 1000\n' >$sv/$name-srv/run
			printf '#!/bin/sh\nexec s6-log -d3 "%s/%s"\n' "`+p.path("old log")+`" $name >$sv/$name-log/run
			echo 3 >$sv/$name-log/notification-fd
			echo $name-log >$sv/$name-srv/producer-for
			echo $name-srv >$sv/$name-log/consumer-for
			echo $name >$sv/$name-log/pipeline-name
		done
		echo a-srv >$sv/b-srv/dependencies
		mkdir $sv/default; echo bundle >$sv/default/type; printf 'a-srv\nb-srv\n' >$sv/default/contents
	''; }`)
	databases := filepath.Join(p.state, "etc/s6/rc")
	for _, dir := range []string{databases, p.path("old log")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	old := filepath.Join(databases, "compiled-old")
	p.must("s6-rc-compile", old, filepath.Join(profile, "etc/s6/sv"))
	p.must("s6-rc-init", "-c", old, "-l", p.live, filepath.Join(p.state, "run/service"))
	p.must("s6-rc", "-l", p.live, "-u", "change", "default")
	p.must("ln", "-s", old, filepath.Join(databases, "compiled"))
	if err := os.MkdirAll(p.path("profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := p.store.nix(nil, "nix-env", "-p", p.path("profiles/processes"), "--set", profile); err != nil {
		t.Fatal(out, err)
	}
	before := p.runsExactly("a", "b")

	// The profile itself, by the older command: nothing restarts.
	r := p.nixproc(append(append([]string{"s6-rc-deploy"}, p.options[:3]...), profile)...)
	if r.code != 0 || !strings.Contains(r.stdout, "2 kept") {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	kept(t, before, p.runsExactly("a", "b"), "a", "b")

	r = p.mustSwitchTo(p.model("model.nix", `{ b = sleeper "b" { }; }`))
	if after := p.runsExactly("b"); after["b"] == before["b"] {
		t.Error("b was not restarted")
	}
	if !strings.Contains(r.stdout, "1 stopped, 1 restarted") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	p.mustSwitchTo("--rollback")
	p.runsExactly("a", "b")
	p.mustSwitchTo(fmt.Sprintf("--switch-generation=%d", 2))
	p.runsExactly("b")
}

// Packages of the old framework, which carry no specification, are deployed as
// they are, beside ours; what is the same goes on running.
func TestS6rcOldPackages(t *testing.T) {
	t.Parallel()
	checkout := oldCheckout(t)
	d := newDeployment(t)
	d.dir = filepath.Dir(d.dir) // its log services can't have a blank in a path
	p := s6rcFor(d, "state")
	p.run()
	p.mustSwitchTo(p.modelOf(checkout, "old.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`))
	before := p.runsExactly("a", "b")
	r := p.mustSwitchTo(p.modelOf(checkout, "more.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; c = sleeper "c" { }; }`))
	kept(t, before, p.runsExactly("a", "b", "c"), "a", "b")
	if !strings.Contains(r.stdout, "1 started, 2 kept") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	p.mustSwitchTo(p.model("ours.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`))
	p.runsExactly("a", "b")
	p.mustSwitchTo("--rollback")
	p.runsExactly("a", "b", "c")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// s6-svscan is deployed as a process itself, and then deployed to, in the same
// profile: neither touches what the other runs.
func TestS6rcThatWasDeployed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	p := s6rcFor(d, "state")
	d.hostNeeds("s6", "daemon")
	manager := d.write("s6.nix", `{ pkgs ? import <nixpkgs> { }, stateDir, runtimeDir, logDir, tmpDir, processManager, forceDisableUserChange }: {
  s6-svscan.pkg = (import (/. + `+nixString(example(t, "services-agnostic", "constructors", "constructors.nix"))+`) {
    inherit pkgs stateDir runtimeDir logDir tmpDir processManager forceDisableUserChange;
  }).s6-svscan { };
}`)
	d.mustSwitchTo("--host-packages", manager)
	pid, start, alive := d.process("s6-svscan")
	if !alive {
		t.Fatal("s6-svscan does not run")
	}
	eventually(t, "s6-svscan answers", func() bool {
		return p.program("s6-svscanctl", "-a", filepath.Join(p.state, "run/service")).code == 0
	})
	p.mustSwitchTo(d.model("model.nix", `{ a = sleeper "a" { }; }`))
	p.runsExactly("a")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	if pid2, start2, alive := d.process("s6-svscan"); !alive || pid2 != pid || start2 != start {
		t.Errorf("s6-svscan was process %d and is %d", pid, pid2)
	}
	d.mustSwitchTo("--host-packages", "--undeploy")
	if left := mentions(t, d.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

// Users and groups come before the processes that run as them, and go after
// those (D33).
func TestS6rcUsers(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "nginx")
	p := s6rcFor(m.deployment, "state")
	p.options = []string{"--state-dir", p.state, "--host-packages"}
	p.run()
	model := newAdvancedModel(m, "null")
	p.mustSwitchTo(model.args()...)
	before := p.observe()
	for name, id := range advanced {
		m.has(name, id)
		if strings.HasPrefix(name, "webapp") {
			runsAs(t, name, p.number(name), id, id)
		}
	}
	p.mustSwitchTo(model.args("webapp6")...)
	m.hasNot("webapp6")
	kept(t, before, p.observe(), "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx")
	p.mustSwitchTo("--undeploy")
	for name := range advanced {
		m.hasNot(name)
	}
	m.hasNot("s6-log")
	p.runsExactly()
}
