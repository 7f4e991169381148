package tests

import (
	"strings"
	"syscall"
	"testing"
)

// D21, D22, P5: what does not stay up fails the switch with its last words, and
// all is as it was; what died is started again; a process that its script does
// not know again is stopped all the same.
func TestBsdrcFailure(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	good := b.model("good.nix", `rec {
  a = sleeper "a" { };
  b = sleeper "b" { dependencies = [ a.pkg ]; };
  disguised = sleeper "disguised" { foregroundProcess = script "wrapper" "exec ${pkgs.coreutils}/bin/sleep 1000"; args = [ ]; };
}`)
	b.mustSwitchTo(good)
	before := b.runsExactly("a", "b", "disguised")

	r := b.switchTo(b.model("bad.nix", `rec {
  a = sleeper "a" { };
  bad = sleeper "bad" { foregroundProcess = script "bad" "echo the disk is on fire >&2; exit 3"; args = [ ]; };
  b = sleeper "b" { args = [ 2000 ]; dependencies = [ bad.pkg ]; };
}`))
	if r.code != 1 || !strings.Contains(r.stderr, "'bad'") || !strings.Contains(r.stderr, "the disk is on fire") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	same(t, before, b.runsExactly("a", "b", "disguised"), "a")
	r = b.switchTo(b.model("initialize.nix", `{ c = sleeper "c" { initialize = "echo no such thing >&2; false"; }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "'c'") || !strings.Contains(r.stderr, "no such thing") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	middle := b.runsExactly("a", "b", "disguised")

	pid := b.running("a")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
	r = b.nixproc("status")
	if r.code != 1 || !strings.Contains(r.stdout, "stopped") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = b.mustSwitchTo(good)
	if !strings.Contains(r.stdout, "did not run") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	same(t, middle, b.runsExactly("a", "b", "disguised"), "b", "disguised")
	b.leavesNothing()
}

// Bad input is refused before anything is built or touched.
func TestBsdrcRefuses(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	for body, want := range map[string]string{
		`{ a = sleeper "a" { umask = "9"; }; }`:                                                                                                                     `process 'a': umask: "9" is not an octal number`,
		`{ a = sleeper "a" { nice = 21; }; }`:                                                                                                                       `process 'a': nice: "21" is not a whole number`,
		`{ a = sleeper "a" { overrides.bsdrc.requiredDirs = [ "/a b" ]; }; }`:                                                                                       `process 'a': requiredDirs: "/a b" has a character`,
		`{ a = sleeper "a" { overrides.bsdrc.stopSignal = 9; overrides.bsdrc.commands.a-b.implementation = ""; }; }`:                                                `process 'a': commands: "a-b" can't be the name of a shell function`,
		`{ a = { pkg = create { name = "a"; }; }; }`:                                                                                                                `without a 'command' it needs 'commands.start' and 'commands.stop'`,
		`{ a = sleeper "a-b" { }; b = sleeper "a_b" { }; }`:                                                                                                         `rc.subr can't tell it from the process 'a-b'`,
		`{ a = sleeper "a" { pidFile = "/x.pid"; }; b = sleeper "b" { pidFile = "/x.pid"; }; }`:                                                                     `it has the pid file of the process 'a', /x.pid`,
		`rec { a = sleeper "a" { overrides.bsdrc.requires = [ "b" ]; }; b = sleeper "b" { overrides.bsdrc.requires = [ "a" ]; }; }`:                                 `what the scripts require, at boot: the dependencies form a cycle: a -> b -> a`,
		`rec { a = sleeper "a" { overrides.bsdrc.provides = [ "disk" ]; dependencies = [ b.pkg ]; }; b = sleeper "b" { overrides.bsdrc.requires = [ "disk" ]; }; }`: `what the scripts require, at boot: the dependencies form a cycle: a -> b -> a`,
	} {
		r := b.switchTo(b.model("model.nix", body))
		if r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d, want %q\n%s", body, r.code, want, r.stderr)
		}
	}
	if entries := mentions(t, b.path("state")); len(entries) > 0 {
		t.Errorf("processes run: %q", entries)
	}
	b.runsExactly()
}
