package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// D10: --enable-at-boot has the machine start the scripts, a switch without it
// takes exactly that back, and so does an undeploy. No line of rc.conf that is
// not ours changes.
func TestBsdrcAtBoot(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	// As in a file that was edited by hand: no line end at its end.
	const before = "hostname=\"bsd\"\n\n# a_enabled=YES\nb_enabled=\"yes\"   # mine\nc_enabled=NO"
	b.write("conf dir/rc.conf", before)
	if err := os.Chmod(b.rcConf, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(b.rcConf, 12, 34); err != nil {
		t.Fatal(err)
	}
	model := func(c string) string {
		return b.model("model.nix", `rec {
  a = sleeper "a" { };
  b = sleeper "b" { dependencies = [ a.pkg ]; };
  `+c+`
  d = sleeper "d" { overrides.bsdrc.keywords = [ "nostart" ]; };
}`)
	}
	full := model(`c-1 = sleeper "c-1" { };`)
	mark := " # by nixproc for the profile " + b.path("profiles/processes")
	boot := before + "\na_enabled=YES" + mark + "\nc_1_enabled=YES" + mark
	check := func(want string, scripts ...string) {
		t.Helper()
		if got := read(t, b.rcConf); got != want {
			t.Errorf("rc.conf is %q, want %q", got, want)
		}
		info, err := os.Stat(b.rcConf)
		if err != nil {
			t.Fatal(err)
		}
		if of := info.Sys().(*syscall.Stat_t); info.Mode().Perm() != 0o640 || of.Uid != 12 || of.Gid != 34 {
			t.Errorf("rc.conf is %v of %d:%d", info.Mode(), of.Uid, of.Gid)
		}
		entries, _ := os.ReadDir(b.target)
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		if !slices.Equal(names, scripts) {
			t.Errorf("the scripts are %q, want %q", names, scripts)
		}
	}

	b.mustSwitchTo("--enable-at-boot", full)
	check(boot, "a", "b", "c-1", "d")
	running := b.runsExactly("a", "b", "c-1", "d")
	text := read(t, b.target, "b")
	if !strings.HasPrefix(text, "#!/bin/sh\n# Put here by nixproc; changes are lost. Profile: "+b.path("profiles/processes")+"\n") ||
		!strings.Contains(text, "# PROVIDE: b\n# REQUIRE: a LOGIN\n") {
		t.Errorf("b says\n%s", text)
	}
	// What rc(8) does at boot: the copies do it, as rc.conf says.
	if r := b.nixproc("bsdrc-runactivity", "-r", "onestop"); r.code != 0 || strings.Index(r.stdout, "Stopping b.") > strings.Index(r.stdout, "Stopping a.") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	b.runsExactly()
	b.inside("cp", b.rcConf, "/etc/rc.conf")
	for _, name := range []string{"a", "b", "c-1"} {
		b.inside(filepath.Join(b.target, name), "start")
	}
	if r := b.program("sh", "-c", b.enter()+` "$@"`, "sh", filepath.Join(b.target, "d"), "start"); r.code != 0 || !strings.Contains(r.stdout, "Set d_enabled to YES") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	replaced(t, running, b.runsExactly("a", "b", "c-1"), "a", "b", "c-1")

	r := b.mustSwitchTo("--enable-at-boot", model(""))
	check(before+"\na_enabled=YES"+mark, "a", "b", "d")
	if !strings.Contains(r.stdout, "1 started, 1 stopped, 2 kept") {
		t.Errorf("the result says\n%s", r.stdout)
	}
	kept := b.runsExactly("a", "b", "d")
	b.mustSwitchTo(model(""))
	check(before)
	b.mustSwitchTo("--enable-at-boot", model(""))
	check(before+"\na_enabled=YES"+mark, "a", "b", "d")
	b.mustSwitchTo("--enable-at-boot", model(""))
	check(before+"\na_enabled=YES"+mark, "a", "b", "d")
	same(t, kept, b.observe(), "a", "b", "d")

	// A switch that fails takes back what it did for the boot, too.
	failing := b.model("failing.nix", `{ a = sleeper "a" { }; bad = sleeper "bad" { foregroundProcess = script "bad" "echo the disk is on fire; exit 3"; args = [ ]; }; }`)
	r = b.switchTo("--enable-at-boot", failing)
	if r.code != 1 || !strings.Contains(r.stderr, "'bad'") || !strings.Contains(r.stderr, "the disk is on fire") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	check(before+"\na_enabled=YES"+mark, "a", "b", "d")
	same(t, kept, b.observe(), "a")
	b.mustSwitchTo(model(""))
	if r = b.switchTo("--enable-at-boot", failing); r.code != 1 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	check(before)

	b.mustSwitchTo("--enable-at-boot", model(""))
	b.leavesNothing()
	check(before)
}

// Links of the older tools are replaced; a file of someone else's, and another
// profile's, is an error before anything is touched.
func TestBsdrcOwnership(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	b.write("conf dir/rc.conf", "x=1\n")
	file := b.model("model.nix", `{ a = sleeper "a" { }; }`)
	script := b.write("boot scripts/a", "#!/bin/sh\n# the administrator's\n")
	r := b.switchTo("--enable-at-boot", file)
	if r.code != 1 || !strings.Contains(r.stderr, "boot scripts/a is in the way") || read(t, script) != "#!/bin/sh\n# the administrator's\n" {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	b.runsExactly()
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/rc.d/a", script); err != nil {
		t.Fatal(err)
	}
	if r := b.switchTo("--enable-at-boot", file); r.code != 1 || !strings.Contains(r.stderr, "boot scripts/a is in the way") {
		t.Errorf("a link of the administrator's: exit code %d\n%s", r.code, r.stderr)
	}
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	old := b.store.build(t, `pkgs.runCommand "old" { } "mkdir -p $out/etc/rc.d; echo x >$out/etc/rc.d/a"`)
	if err := os.Symlink(filepath.Join(old, "etc/rc.d/a"), script); err != nil {
		t.Fatal(err)
	}
	b.mustSwitchTo("--enable-at-boot", file)
	if info, err := os.Lstat(script); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	before := b.runsExactly("a")

	other := b.model("other.nix", `{ a = sleeper "a" { pidFile = "${runtimeDir}/other.pid"; }; }`)
	r = b.switchTo("-p", "other", "--enable-at-boot", other)
	if r.code != 1 || !strings.Contains(r.stderr, "belongs to the profile "+b.path("profiles", "processes")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	same(t, before, b.runsExactly("a"), "a")

	// Two profiles at once: each has its own scripts and lines.
	b.mustSwitchTo("-p", "other", "--enable-at-boot", b.model("other.nix", `{ z = sleeper "z" { }; }`))
	both := b.runsExactly("a", "z")
	if text := read(t, b.rcConf); strings.Count(text, "=YES # by nixproc") != 2 {
		t.Errorf("rc.conf is %q", text)
	}
	b.mustSwitchTo("-p", "other", "--undeploy")
	same(t, both, b.runsExactly("a"), "a")
	if text := read(t, b.rcConf); text != "x=1\na_enabled=YES # by nixproc for the profile "+b.path("profiles/processes")+"\n" {
		t.Errorf("rc.conf is %q", text)
	}
	b.leavesNothing()
	b.nothingAtBoot("x=1\n")
}
