package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestLaunchdUpgrade(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace {
		p := newLaunchd(t)
		p.run()
		return p
	}}.test(t)
}

// D17: jobs are loaded dependencies first, whatever their names, and unloaded in
// the reverse order, by the verbs that launchctl has for that today.
func TestLaunchdOrder(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	p.run()
	p.calls()
	model := p.model("model.nix", `rec {
  a = sleeper "a" { dependencies = [ b.pkg ]; };
  b = sleeper "b" { dependencies = [ z.pkg ]; };
  z = sleeper "z" { };
}`)
	p.mustSwitchTo(model)
	p.runsExactly("a", "b", "z")
	var want []string
	for _, name := range []string{"z", "b", "a"} {
		label := "org.nixos." + name
		want = append(want, "113 bootout system/"+label, "0 enable system/"+label,
			"0 bootstrap system "+filepath.Join(p.dir, label+".plist"), "37 kickstart system/"+label)
	}
	if got := p.calls(); !slices.Equal(got, want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	want = []string{"0 bootout system/org.nixos.a", "0 bootout system/org.nixos.b", "0 bootout system/org.nixos.z"}
	if got := p.calls(); !slices.Equal(got, want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
}

// D21, P5: a job that does not stay up fails the switch with its last words, and
// all is as it was; one that died is started again, and alone (D22).
func TestLaunchdFailure(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	p.run()
	good := p.model("good.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`)
	p.mustSwitchTo(good)
	before := p.runsExactly("a", "b")
	for _, bad := range []struct{ how, says string }{
		{"exit 3", "'bad' failed to"}, // launchd may still say that it runs, or not any more
		{"sleep 0.3; exit 3", "failed to stay up"},
	} {
		r := p.switchTo(p.model("bad.nix", `rec {
  a = sleeper "a" { };
  bad = { pkg = create {
    name = "bad"; foregroundProcess = script "bad" "echo the disk is on fire >&2; `+bad.how+`";
    overrides.launchd.StandardErrorPath = "${logDir}/bad.log";
  }; };
  b = sleeper "b" { args = [ 2000 ]; dependencies = [ bad.pkg ]; };
}`))
		for _, want := range []string{"process 'bad' failed to", "the disk is on fire", bad.says, "all steps were undone"} {
			if r.code != 1 || !strings.Contains(r.stderr, want) {
				t.Errorf("exit code %d, without %q:\n%s", r.code, want, r.stderr)
			}
		}
		after := p.runsExactly("a", "b")
		kept(t, before, after, "a")
		if strings.Contains(read(t, p.dir, "org.nixos.b.plist"), ">2000<") {
			t.Error("the plist of b is still the new one")
		}
	}

	after := p.observe()
	if err := syscall.Kill(p.pid("a"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that a is dead", func() bool { return p.observe()["a"] == "" })
	if r := p.nixproc("status"); r.code != 1 || !strings.Contains(r.stdout, "it ended: -9") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.mustSwitchTo(good); !strings.Contains(r.stdout, "1 started, 1 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	kept(t, after, p.runsExactly("a", "b"), "b")
}

// A job that ignores SIGTERM gets its time, and launchd's SIGKILL; one that is
// disabled is enabled; what may end, or waits for its time, is left alone.
func TestLaunchdStates(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	p.run()
	p.ctl("disable", "system/org.nixos.stubborn")
	model := p.model("model.nix", `{
  stubborn = { pkg = create {
    name = "stubborn"; foregroundProcess = script "stubborn" "trap \"\" TERM; while :; do sleep 0.1; done";
    overrides.launchd.ExitTimeOut = 1;
  }; };
  once = { pkg = create { name = "once"; foregroundProcess = "${pkgs.coreutils}/bin/true"; overrides.launchd.LaunchOnlyOnce = true; }; };
  later = { pkg = create { name = "later"; foregroundProcess = "${pkgs.coreutils}/bin/true"; overrides.launchd.StartInterval = 3600; }; };
}`)
	p.mustSwitchTo(model)
	first := p.observe()
	if len(first) != 1 {
		t.Errorf("these run: %v", first)
	}
	for _, name := range []string{"later", "once"} {
		if loads := strings.Contains(read(t, p.dir, "org.nixos."+name+".plist"), "RunAtLoad"); loads != (name == "once") {
			t.Errorf("%s: RunAtLoad is %v", name, loads)
		}
	}
	r := p.nixproc("status")
	for _, want := range []string{"waits to be activated", "done", "running"} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("status: exit code %d, without %q\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
	if r := p.mustSwitchTo(model); !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	var pid int
	if _, err := fmt.Sscan(first["stubborn"], &pid); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}

// Who owns what: nothing is touched where launchd does not answer, or where a
// plist is in the way; copies that the older tools made are taken over.
func TestLaunchdOwnership(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	model := p.model("model.nix", `{ a = sleeper "a" { }; }`)
	r := p.switchTo(model)
	if r.code != 1 || !strings.Contains(r.stderr, "launchd can't be asked") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if _, err := os.Stat(p.path("state")); err == nil {
		t.Error("the state directory was made")
	}
	p.run()
	plist := p.write("Launch Daemons/org.nixos.a.plist", "someone else's\n")
	r = p.switchTo(model)
	if r.code != 1 || !strings.Contains(r.stderr, "org.nixos.a.plist is in the way") || read(t, plist) != "someone else's\n" {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if err := os.Remove(plist); err != nil {
		t.Fatal(err)
	}
	p.mustSwitchTo(model)
	before := p.runsExactly("a")
	if text := read(t, plist); !strings.HasPrefix(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Put here by nixproc; changes are lost. Profile: "+p.path("profiles/processes")+" -->\n") {
		t.Errorf("the plist begins otherwise:\n%s", text)
	}
	r = p.switchTo("-p", "other", model)
	if r.code == 0 || !strings.Contains(r.stderr, "belongs to the profile "+p.path("profiles", "processes")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	// Two profiles at once do not touch each other.
	p.mustSwitchTo("-p", "other", p.model("other.nix", `{ b = sleeper "b" { }; }`))
	both := p.runsExactly("a", "b")
	kept(t, before, both, "a")
	p.mustSwitchTo("--undeploy")
	kept(t, both, p.runsExactly("b"), "b")
	p.mustSwitchTo("-p", "other", "--undeploy")
	p.runsExactly()
}
