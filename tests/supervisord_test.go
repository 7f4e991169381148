package tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSupervisordUpgrade(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace {
		p := newSupervisord(t)
		p.hostNeeds("daemon")
		p.run()
		return p
	}}.test(t)
}

// D21, P5: a program that does not stay up fails the switch with its last
// words, and all is as it was; one that died is started again.
func TestSupervisordFailure(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	p.mustSwitchTo(p.model("good.nix", `{ a = sleeper "a" { }; b = sleeper "b" { dependencies = [ (sleeper "a" { }).pkg ]; }; }`))
	before := p.runsExactly("a", "b")

	seconds := longTime()
	r := p.switchTo(p.model("bad.nix", `rec {
  a = sleeper "a" { };
  bad = { pkg = create { name = "bad"; foregroundProcess = script "bad" "echo the disk is on fire >&2; exit 3"; }; };
  b = sleeper "b" { args = [ `+seconds+` ]; dependencies = [ bad.pkg ]; };
}`))
	if r.code != 1 || !strings.Contains(r.stderr, "'bad'") || !strings.Contains(r.stderr, "the disk is on fire") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	after := p.runsExactly("a", "b")
	kept(t, before, after, "a")
	if line := strings.Join(mentions(t, seconds), ""); line != "" {
		t.Errorf("b was started before its dependency ran: %s", line)
	}

	// One that a person stopped, and what the configuration says wrong.
	p.ctl("stop", "a")
	r = p.nixproc("status")
	if r.code != 1 || !strings.Contains(r.stdout, "STOPPED") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = p.mustSwitchTo(p.path("good.nix"))
	again := p.runsExactly("a", "b")
	kept(t, after, again, "b")
	if !strings.Contains(r.stdout, "did not run") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	r = p.switchTo(p.model("format.nix", `{ a = sleeper "a" { }; c = sleeper "c" { overrides.supervisord.stopsignal = "NOSUCH"; }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "NOSUCH") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	kept(t, again, p.runsExactly("a", "b"), "a")
}

// D25, and who owns what: nothing is touched where supervisord does not run, or
// where a file is in the way; links of the older tools are taken over.
func TestSupervisordOwnership(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	model := p.model("model.nix", `{ a = sleeper "a" { }; }`)
	r := p.switchTo(model)
	if r.code != 1 || !strings.Contains(r.stderr, "supervisord can't be asked") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if entries, err := os.ReadDir(filepath.Join(p.conf, "conf.d")); err != nil || len(entries) > 0 {
		t.Errorf("conf.d has %v, %v", entries, err)
	}
	if _, err := os.Stat(p.path("state")); err == nil {
		t.Error("the state directory was made")
	}
	p.run()

	conf := p.write("conf dir/conf.d/a.conf", "; someone else's\n")
	r = p.switchTo(model)
	if r.code != 1 || !strings.Contains(r.stderr, "a.conf is in the way") || read(t, conf) != "; someone else's\n" {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if err := os.Remove(conf); err != nil {
		t.Fatal(err)
	}
	old := p.store.build(t, `pkgs.writeTextFile { name = "a.conf"; text = "[program:old]\ncommand=sleep 1000\n"; }`)
	if err := os.Symlink(old, conf); err != nil {
		t.Fatal(err)
	}
	p.mustSwitchTo(model)
	p.runsExactly("a")
	if info, err := os.Lstat(conf); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	r = p.switchTo("-p", "other", model)
	if r.code == 0 || !strings.Contains(r.stderr, "belongs to the profile "+p.path("profiles", "processes")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	p.runsExactly("a")
}

// A program of somebody else's is no process of ours by its name: it is in the way, and
// runs on, wherever it stands, also where its file is gone. One of ours is none of
// theirs where its file is gone.
func TestSupervisordNames(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	theirs := func(name string) string { return "\n[program:" + name + "]\ncommand=/bin/sleep " + longTime() + "\n" }
	in := p.write("conf dir/conf.d/theirs.conf", theirs("a")+theirs("c"))
	main := filepath.Join(p.conf, "supervisord.conf")
	p.write("conf dir/supervisord.conf", read(t, main)+theirs("b"))
	p.run()
	before := p.observe()
	eventually(t, "theirs run", func() bool { before = p.observe(); return len(before) == 3 })
	if err := os.WriteFile(in, []byte(theirs("a")), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": in + " is in the way", "b": main + " is in the way", "c": "supervisord's program 'c' is in the way"} {
		r := p.switchTo(p.model(name+".nix", fmt.Sprintf(`{ x = sleeper "x" { }; %s = sleeper %[1]q { }; }`, name)))
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d, and the message lacks %q:\n%s", r.code, want, r.stderr)
		}
		kept(t, before, p.observe(), "a", "b", "c")
		if entries, err := os.ReadDir(filepath.Dir(in)); err != nil || len(entries) != 1 || exists(p.seen()) {
			t.Errorf("conf.d has %v, %v, or theirs was noted", entries, err)
		}
	}

	p.mustSwitchTo(p.model("one.nix", `{ x = sleeper "x" { }; }`))
	if err := os.Remove(filepath.Join(p.conf, "conf.d/x.conf")); err != nil {
		t.Fatal(err)
	}
	p.mustSwitchTo(p.model("two.nix", `{ x = sleeper "x" { }; y = sleeper "y" { }; }`))
	if !exists(filepath.Join(p.conf, "conf.d/x.conf")) || p.pid("y") == "" {
		t.Error("the file that was deleted is not there again")
	}
}

// What others have made unreadable is found before anything is stopped.
func TestSupervisordThatCannotRead(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	p.mustSwitchTo(p.model("one.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`))
	before := p.runsExactly("a", "b")
	broken := p.write("conf dir/conf.d/broken.conf", "[program:broken")
	for _, args := range [][]string{{p.model("two.nix", `{ a = sleeper "a" { args = [ 2 ]; }; }`)}, {"--undeploy"}} {
		r := p.switchTo(args...)
		if r.code != 1 || !strings.Contains(r.stderr, "CANT_REREAD") || strings.Contains(r.stderr, "stopped") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		kept(t, before, p.observe(), "a", "b")
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// P9, D26: a dependency added below a process moves it in the order, and restarts
// nothing.
func TestSupervisordPriority(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	p.mustSwitchTo(p.model("one.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`))
	before := p.observe()
	r := p.mustSwitchTo(p.model("two.nix", `rec {
  z = sleeper "z" { };
  a = sleeper "a" { dependencies = [ z.pkg ]; };
  b = sleeper "b" { dependencies = [ a.pkg ]; };
}`))
	kept(t, before, p.runsExactly("a", "b", "z"), "a", "b")
	if !strings.Contains(r.stdout, "2 refreshed") || !strings.Contains(read(t, p.conf, "conf.d/b.conf"), "priority=3\n") {
		t.Errorf("%s\n%s", r.stdout, read(t, p.conf, "conf.d/b.conf"))
	}
	// The file of a profile is a whole configuration.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	check := exec.CommandContext(ctx, "python3", "-c", `
import sys; sys.path.insert(0, "/usr/lib/python3/dist-packages")
from supervisor.options import ServerOptions
o = ServerOptions(); o.realize(["-c", sys.argv[1]])
print([(g.name, g.priority) for g in o.process_group_configs])`, p.path("profiles", "processes", "supervisord.conf"))
	out, err := check.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "[('z', 1), ('a', 2), ('b', 3)]" {
		t.Errorf("%v\n%s", err, out)
	}
}
