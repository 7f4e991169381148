package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// postInstall (COMPAT.md, 4): what it adds to a process's package is in the
// profile, a second init script too, which is started and stopped as well; and
// the process's place in the order is the one of this model.
func TestPostInstall(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := func(greeting string) string {
		return d.model("model.nix", `rec {
  base = sleeper "base" { };
  main = sleeper "main" {
    dependencies = [ base.pkg ];
    postInstall = ''
      mkdir -p $out/share/main
      echo "`+greeting+`" >$out/share/main/greeting
      cd $out/etc/rc.d
      sed -e 's/main\.pid/second.pid/g' -e 's/nixproc-main/nixproc-second/g' init.d/main >init.d/second
      chmod +x init.d/second
      for level in 3 4 5; do ln -s ../init.d/second rc$level.d/S05second; done
      for level in 0 1 2 6; do ln -s ../init.d/second rc$level.d/K94second; done
    '';
  };
}`)
	}
	d.mustSwitchTo("--host-packages", model("hello"))
	before := d.observe()
	runs(t, before, "base", "main", "second")
	if got := read(t, d.path("profiles/processes/share/main/greeting")); got != "hello\n" {
		t.Errorf("the extra file says %q", got)
	}
	for _, link := range []string{"rc3.d/S00base", "rc3.d/S01main", "rc3.d/S05second", "rc0.d/K98main"} {
		if _, err := os.Stat(d.path("profiles/processes/etc/rc.d", link)); err != nil {
			t.Error(err)
		}
	}
	d.mustSwitchTo("--host-packages", model("goodbye"))
	after := d.observe()
	if got := read(t, d.path("profiles/processes/share/main/greeting")); got != "goodbye\n" {
		t.Errorf("the extra file says %q", got)
	}
	same(t, before, after, "base", "second")
	replaced(t, before, after, "main") // its postInstall may be what the process reads
	d.leavesNothing(nil, before, after)
}

// A dependency outside the model is legal: a warning names both processes, and
// the order counts it. D31, D43: what starts in no runlevel, or not in this
// one, is named.
func TestWarnings(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", `
let
  outermost = sleeper "outermost" { };
  outside = sleeper "outside" { dependencies = [ outermost.pkg ]; };
in
{
  inside = sleeper "inside" { dependencies = [ outside.pkg ]; };
  nowhere.pkg = create { name = "nowhere"; instanceName = "nowhere"; foregroundProcess = "${pkgs.coreutils}/bin/sleep"; args = [ 1000 ]; };
  two = sleeper "two" { overrides.sysvinit.runlevels = [ 2 ]; };
}`)
	warns := func(r outcome, wants ...string) {
		t.Helper()
		for _, want := range wants {
			found := 0
			for line := range strings.Lines(r.stderr) {
				if strings.HasPrefix(line, "nixproc: warning: ") && strings.Contains(line, want) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%d warnings contain %q, want 1:\n%s", found, want, r.stderr)
			}
		}
	}
	r := d.mustSwitchTo("--runlevel=3", "--host-packages", model)
	warns(r, "process 'inside' depends on 'outside', which is not in the model", "not started: nowhere: it starts in no runlevel", "not started: two: it starts in runlevel 2, this is 3")
	o := d.observe()
	runs(t, o, "inside")
	if _, err := os.Stat(d.path("profiles/processes/etc/rc.d/rc3.d/S02inside")); err != nil {
		t.Errorf("the order does not count the processes outside the model: %v", err)
	}
	if !strings.Contains(r.stdout, "1 started, 2 skipped") {
		t.Errorf("the result says\n%s", r.stdout)
	}

	// In runlevel 2, the other one starts. What runs already is left alone.
	r = d.mustSwitchTo("--runlevel=2", "--host-packages", model)
	warns(r, "process 'inside' depends on 'outside'", "not started: nowhere: it starts in no runlevel")
	both := d.observe()
	same(t, o, both, "inside")
	runs(t, both, "inside", "two")
	d.leavesNothing(nil, o, both)

	r = d.mustSwitchTo("--runlevel=2", "--host-packages", model)
	warns(r, "not started: inside: it starts in runlevel 3 4 5, this is 2", "not started: nowhere")
	runs(t, d.observe(), "two")
	d.mustSwitchTo("--undeploy")
}

// D19: a process that gets another place in the order goes on running, and no
// package of it is built.
func TestDeeperDependencyBuildsNothing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	d.mustSwitchTo("--host-packages", d.model("model.nix", `rec { base = sleeper "base" { }; npdeep = sleeper "npdeep" { dependencies = [ base.pkg ]; }; }`))
	before := d.observe()
	d.mustSwitchTo("--host-packages", d.model("model.nix", `rec {
  below = sleeper "below" { };
  base = sleeper "base" { dependencies = [ below.pkg ]; };
  npdeep = sleeper "npdeep" { dependencies = [ base.pkg ]; };
}`))
	same(t, before, d.observe(), "base", "npdeep")
	if _, err := os.Stat(d.path("profiles/processes/etc/rc.d/rc3.d/S02npdeep")); err != nil {
		t.Error(err)
	}
	if built, err := filepath.Glob(filepath.Join(d.store.dir, "store/*-npdeep/etc")); err != nil || len(built) > 0 {
		t.Errorf("packages that were built: %q (%v)", built, err)
	}
	d.leavesNothing(nil, before)
}
