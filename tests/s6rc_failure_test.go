package tests

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// D21, P5: a process that does not stay up fails the switch with its last
// words, the old database is back, and what ran goes on; what has died, or was
// taken down, is started again.
func TestS6rcFailure(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	good := p.model("good.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; d = daemon "d" "sleep 1000 & echo $! >\"$PID_FILE\"" [ a.pkg ]; }`)
	p.mustSwitchTo(good)
	before := p.runsExactly("a", "b", "d")
	database := p.database()

	for _, bad := range []string{
		`bad = { pkg = create { name = "bad"; foregroundProcess = script "bad" "echo the disk is on fire >&2; exit 3"; }; };`,
		`bad = daemon "bad" "echo the disk is on fire >&2; exit 3" [ ];`,
	} {
		r := p.switchTo(p.model("bad.nix", `rec { a = sleeper "a" { }; `+bad+` d = daemon "d" "sleep 1000 & echo $! >\"$PID_FILE\"" [ a.pkg ];
			b = sleeper "b" { args = [ 2000 ]; dependencies = [ a.pkg bad.pkg ]; };
		}`))
		if r.code != 1 || !strings.Contains(r.stderr, "'bad'") || !strings.Contains(r.stderr, "the disk is on fire") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		after := p.runsExactly("a", "b", "d")
		kept(t, before, after, "a", "d")
		if p.database() != database {
			t.Error("the old database is not back")
		}
		before = after
	}

	// What s6-rc-compile does not take is refused before anything stops.
	r := p.switchTo(p.model("loose.nix", `{ a = sleeper "a" { args = [ 3000 ]; overrides.s6-rc.flagEssential = true; };
		lone = sleeper "lone" { overrides.s6-rc = { autoGenerateLogService = false; consumerFor = [ { name = "nobody"; } ]; }; }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "can't be compiled") || !strings.Contains(r.stderr, "nobody") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	kept(t, before, p.runsExactly("a", "b", "d"), "a", "b", "d")

	// One that a person took down in each of the ways, and a daemon that died.
	p.must("s6-svc", "-wd", "-d", filepath.Join(p.live, "servicedirs/a-srv"))
	r = p.nixproc("status")
	if r.code != 1 || !strings.Contains(r.stdout, "a-srv is down") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = p.mustSwitchTo(good)
	again := p.runsExactly("a", "b", "d")
	kept(t, before, again, "b", "d")
	if !strings.Contains(r.stdout, "did not run") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	p.must("s6-rc", "-l", p.live, "-d", "change", "b")
	p.mustSwitchTo(good)
	again = p.runsExactly("a", "b", "d")
	pid, _, _ := p.process("d")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
	p.mustSwitchTo(good)
	kept(t, again, p.runsExactly("a", "b", "d"), "a", "b")
	if r := p.mustSwitchTo(good); !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a switch with nothing to do says\n%s", r.stdout)
	}
}

// A stopped daemon is waited for, by the right pid file (D11); one that has died
// of itself is stopped well, too.
func TestS6rcDaemonStops(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	slow := `{ slow = daemon "slow" "( trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done ) & echo $! >\"$PID_FILE\"" [ ]; }`
	p.mustSwitchTo(p.model("slow.nix", slow))
	pid, _, _ := p.process("slow")
	p.mustSwitchTo("--undeploy")
	if alive(pid) {
		t.Error("the daemon still runs")
	}
	p.mustSwitchTo(p.path("slow.nix"))
	if pid, _, _ = p.process("slow"); pid == 0 {
		t.Fatal("the daemon does not run")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// What s6-rc restarts by itself, the plan says; what it need not restart, goes
// on, also when its files change.
func TestS6rcChain(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	p.mustSwitchTo(p.model("one.nix", `rec {
		a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; c = sleeper "c" { dependencies = [ b.pkg ]; };
		other = sleeper "other" { }; gone = sleeper "gone" { }; user = sleeper "user" { dependencies = [ gone.pkg ]; };
	}`))
	before := p.runsExactly("a", "b", "c", "other", "gone", "user")
	two := p.model("two.nix", `rec {
		a = sleeper "a" { }; new = sleeper "new" { }; b = sleeper "b" { dependencies = [ a.pkg new.pkg ]; };
		c = sleeper "c" { dependencies = [ b.pkg ]; }; other = sleeper "other" { dependencies = [ a.pkg ]; };
		user = sleeper "user" { };
	}`)
	plan := p.switchTo("--dry-run", two).stdout
	r := p.mustSwitchTo(two)
	after := p.runsExactly("a", "b", "c", "other", "new", "user")
	kept(t, before, after, "a", "other")
	for _, name := range []string{"b", "c", "user"} {
		if before[name] == after[name] {
			t.Errorf("%s was not restarted", name)
		}
		for _, text := range []string{plan, r.stdout} {
			if !strings.Contains(text, name) || !strings.Contains(text, "depends on") {
				t.Errorf("the plan does not say that %s restarts:\n%s", name, text)
			}
		}
	}
	if !strings.Contains(r.stdout, "1 started, 1 stopped, 3 restarted, 2 kept") {
		t.Errorf("the result says\n%s", r.stdout)
	}
	if got := read(t, p.path("profiles/processes/etc/s6/sv/b-srv/dependencies")); got != "a-srv\nnew-srv\n" {
		t.Errorf("b depends on %q", got)
	}
}

// One profile for a live directory, and none without s6-svscan; two live
// directories do not touch each other; what an interrupted compilation left is
// taken for nothing (D13).
func TestS6rcPlaces(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	model := p.model("model.nix", `{ a = sleeper "a" { }; }`)
	r := p.switchTo(model)
	if r.code != 1 || !strings.Contains(r.stderr, "no s6-svscan is at work") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if _, err := os.Stat(p.path("state/etc")); err == nil {
		t.Error("something was touched")
	}
	p.run()
	half := p.path("state/etc/s6/rc/.compiling-1")
	if err := os.MkdirAll(filepath.Join(half, "database"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.mustSwitchTo(model)
	before := p.runsExactly("a")
	if _, err := os.Stat(half); err == nil {
		t.Error("half of a database is still there")
	}

	r = p.switchTo("-p", "other", p.model("other.nix", `{ z = sleeper "z" { }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "belongs to the profile "+p.path("profiles/processes")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	kept(t, before, p.runsExactly("a"), "a")

	q := s6rcFor(p.deployment, "other state")
	q.run()
	q.mustSwitchTo("-p", "other", p.path("other.nix"))
	q.runsExactly("z")
	kept(t, before, p.runsExactly("a"), "a")
	if r := p.nixproc("status", "-p", "other"); r.code != 0 || !strings.Contains(r.stdout, "running") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// The directories are those of the profile; nobody has to say them again.
	if r := p.nixproc("s6-rc-switch", "-p", "other", "--undeploy", "--host-packages"); r.code != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	q.runsExactly()
	q.mustSwitchTo("-p", "third", p.path("other.nix"))
	q.runsExactly("z")
	kept(t, before, p.runsExactly("a"), "a")
}

// The same through a bundle, and through a pipe between two processes.
func TestS6rcPipe(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	model := func(name, word string) string {
		return p.model(name, `
let
  s6-rc = import (/. + `+nixString(filepath.Join(checkoutPath(t), "nixproc/backends/s6-rc"))+`) {
    inherit (pkgs) stdenv lib execline;
    createCredentials = throw "nobody asked for accounts";
    inherit logDir forceDisableUserChange;
  };
  service = name: more: { pkg = s6-rc.createLongRunService ({ inherit name; autoGenerateLogService = false;
    run = pkgs.writeTextFile { name = "run"; text = "#!/bin/sh\nexec sleep 1000\n"; }; } // more); };
in rec {
  teller = service "teller" { producerFor = { name = "reader"; };
    run = pkgs.writeTextFile { name = "run"; text = "#!/bin/sh\necho hello\nexec sleep 1000\n"; }; };
  reader = service "reader" { consumerFor = [ teller ];
    run = pkgs.writeTextFile { name = "run"; text = "#!/bin/sh\nwhile read -r line; do echo \"`+word+` $line\" >>'${stateDir}/read'; done\n"; }; };
  group = { pkg = s6-rc.createServiceBundle { name = "group"; contents = [ reader ]; }; };
  user = sleeper "user" { dependencies = [ group.pkg ]; };
  apart = sleeper "apart" { };
}`)
	}
	p.mustSwitchTo(model("one.nix", "one"))
	before := p.runsExactly("teller", "reader", "user", "apart")
	r := p.mustSwitchTo(model("two.nix", "two"))
	after := p.runsExactly("teller", "reader", "user", "apart")
	kept(t, before, after, "apart")
	for _, name := range []string{"teller", "reader", "user"} {
		if before[name] == after[name] {
			t.Errorf("%s was not restarted", name)
		}
	}
	if !strings.Contains(r.stdout, "4 restarted, 1 kept") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	eventually(t, "both readers have read", func() bool {
		text, _ := os.ReadFile(filepath.Join(p.state, "read"))
		return string(text) == "one hello\ntwo hello\n"
	})
	if r := p.mustSwitchTo(p.path("two.nix")); !strings.Contains(r.stdout, "5 kept") {
		t.Errorf("a switch with nothing to do says\n%s", r.stdout)
	}
}
