package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// kill ends the process of that name with SIGKILL, and leaves its pid file.
func (d *deployment) kill(name string) {
	d.t.Helper()
	pid, _, runs := d.process(name)
	if !runs {
		d.t.Fatalf("%s does not run", name)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, name+" is dead", func() bool { return !alive(pid) })
}

const (
	// Before: one process stays, one will change, one will go.
	beforeFailure = `rec {
  base = sleeper "base" { };
  changes = sleeper "changes" { dependencies = [ base.pkg ]; };
  goes = sleeper "goes" { dependencies = [ base.pkg ]; };
}`
	// After: there is a new one as well, and one whose start is given.
	afterFailure = `rec {
  base = sleeper "base" { };
  changes = sleeper "changes" { dependencies = [ base.pkg ]; environment.CHANGED = 1; };
  new = sleeper "new" { dependencies = [ base.pkg ]; };
  last = daemon "last" ''
    %s
  '' [ new.pkg ];
}`
	failingStart = `echo "there is no luck today"
    echo "cannot bind port 99999" >&2
    exit 7`
	dyingStart = `setsid sh -c 'echo $$ >"$PID_FILE"; echo "giving up soon" >&2; sleep 0.2; exit 3' &
    until [ -s "$PID_FILE" ]; do sleep 0.02; done`
	workingStart = `setsid sh -c 'echo $$ >"$PID_FILE"; exec sleep 1000' &
    until [ -s "$PID_FILE" ]; do sleep 0.02; done`
)

func afterWith(start string) string { return fmt.Sprintf(afterFailure, start) }

// P5, P7, P13, D15, D21: when a process does not start, or dies right after its
// start, what was started is stopped and what was stopped runs again; no
// generation is made; the message says which process, which command line, and
// what it said last, in this run. The repaired model then works.
func TestFailedStartIsUndone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, start string
		says        []string
	}{
		{"fails", failingStart, []string{"process 'last' failed to start", "/etc/rc.d/init.d/last start", "there is no luck today", "cannot bind port 99999"}},
		{"dies", dyingStart, []string{"process 'last' failed to st", "nixproc-last.log", "giving up soon"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.hostNeeds("daemon")
			d.mustSwitchTo("--host-packages", d.model("model.nix", beforeFailure))
			before := d.observe("CHANGED")
			runs(t, before, "base", "changes", "goes")
			d.write("state/log/nixproc-last.log", "of an earlier run\n")

			r := d.switchTo("--host-packages", d.model("model.nix", afterWith(c.start)))
			if strings.Contains(r.stderr, "of an earlier run") {
				t.Errorf("the message has what was said long ago:\n%s", r.stderr)
			}
			if r.code != 1 {
				t.Errorf("exit code %d, want 1", r.code)
			}
			for _, want := range append(c.says, "started new", "undo: stopped new", "undo: started goes", "goes     stop     undone  running, pid ", "new      start    undone  stopped", "all steps were undone") {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("the message lacks %q:\n%s", want, r.stderr)
				}
			}
			// On a slow machine it has ended before anybody looks for the first time.
			if c.name == "dies" && !strings.Contains(r.stderr, "ended within 500ms") && !strings.Contains(r.stderr, "it ended at once") {
				t.Errorf("nothing says when it ended:\n%s", r.stderr)
			}
			after := d.observe("CHANGED")
			runs(t, after, "base", "changes", "goes")
			same(t, before, after, "base")
			replaced(t, before, after, "changes", "goes")
			if got := after.fact("process changes variable"); got != "" {
				t.Errorf("changes runs again, but as %s", got)
			}
			if after.profile() != before.profile() {
				t.Errorf("the failed switch changed the profile from\n%sto\n%s", before.profile(), after.profile())
			}
			if strings.Contains(string(after), "gone") {
				t.Errorf("a stale pid file is left:\n%s", after)
			}

			r = d.mustSwitchTo("--host-packages", d.model("model.nix", afterWith(workingStart)))
			repaired := d.observe("CHANGED")
			runs(t, repaired, "base", "changes", "new", "last")
			same(t, before, repaired, "base")
			if got := repaired.fact("process changes variable"); got != "CHANGED=1" {
				t.Errorf("changes runs as %q after the repair", got)
			}
			if !strings.Contains(r.stdout, "generation 2") {
				t.Errorf("the repaired switch says\n%s", r.stdout)
			}
			d.leavesNothing(nil, before, after, repaired)
		})
	}
}

// P5: --no-rollback leaves what was done, says so, and exits with 2; the
// generation does not move, so the next switch goes on from there.
func TestNoRollback(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	d.mustSwitchTo("--host-packages", d.model("model.nix", beforeFailure))
	before := d.observe()
	r := d.switchTo("--no-rollback", "--host-packages", d.model("model.nix", afterWith(failingStart)))
	if r.code != 2 || !strings.Contains(r.stderr, "nothing was undone") || !strings.Contains(r.stderr, "new      start    not undone  running, pid ") || strings.Contains(r.stderr, "undo: ") {
		t.Errorf("exit code %d, want 2\n%s", r.code, r.stderr)
	}
	after := d.observe()
	runs(t, after, "base", "changes", "new")
	if after.profile() != before.profile() {
		t.Errorf("the failed switch changed the profile from\n%sto\n%s", before.profile(), after.profile())
	}
	d.mustSwitchTo("--host-packages", d.model("model.nix", afterWith(workingStart)))
	repaired := d.observe("CHANGED")
	runs(t, repaired, "base", "changes", "new", "last")
	same(t, before, repaired, "base")
	// Both were started with the new properties before the failure.
	if got := repaired.fact("process changes variable"); got != "CHANGED=1" {
		t.Errorf("changes runs as %q after the repair", got)
	}
	d.leavesNothing(nil, before, after, repaired)
}

// D22, D23: a process that died is started again by the same switch, which
// makes no generation; pid files that name nothing do not stand in the way.
func TestDeadProcessIsStartedAgain(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", `rec {
  stays = sleeper "stays" { };
  killed = sleeper "killed" { };
  vanished = daemon "vanished" ''
    `+workingStart+`
  '' [ ];
  replaced = sleeper "replaced" { };
}`)
	d.mustSwitchTo("--host-packages", model)
	before := d.observe()
	runs(t, before, "stays", "killed", "vanished", "replaced")

	d.kill("killed") // leaves a pid file of a dead process
	d.kill("vanished")
	if err := os.Remove(d.path("state/run/vanished.pid")); err != nil {
		t.Fatal(err)
	}
	d.kill("replaced")
	d.write("state/run/replaced.pid", "rubbish\n")
	status := d.nixproc("status", "--runlevel=3")
	if status.code != 1 || strings.Count(status.stdout, "stopped") != 3 || !strings.Contains(status.stderr, "3 of 4 processes do not run") {
		t.Errorf("status: exit code %d, want 1\n%s%s", status.code, status.stdout, status.stderr)
	}

	r := d.mustSwitchTo("--host-packages", model)
	after := d.observe()
	runs(t, after, "stays", "killed", "vanished", "replaced")
	same(t, before, after, "stays")
	replaced(t, before, after, "killed", "vanished", "replaced")
	if after.profile() != before.profile() {
		t.Errorf("the profile changed from\n%sto\n%s", before.profile(), after.profile())
	}
	if !strings.Contains(r.stdout, "3 started, 1 kept: generation 1") {
		t.Errorf("the result says\n%s", r.stdout)
	}

	// Also one that is not to run any longer: its pid file goes.
	d.kill("killed")
	d.mustSwitchTo("--host-packages", d.model("model.nix", `{ stays = sleeper "stays" { }; }`))
	last := d.observe()
	runs(t, last, "stays")
	same(t, before, last, "stays")
	if strings.Contains(string(last), "gone") {
		t.Errorf("a stale pid file is left:\n%s", last)
	}
	d.leavesNothing(nil, before, after)
}

// D24: no process is taken for ours because it runs the same program. A switch
// that stops an instance without a pid file leaves the others alone.
func TestOtherInstancesAreLeftAlone(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	d.mustSwitchTo("--host-packages", d.model("model.nix", `{ one = sleeper "one" { }; two = sleeper "two" { }; }`))
	before := d.observe()
	runs(t, before, "one", "two")
	pid, err := strconv.Atoi(before.fact("process one pid"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
	if err := os.Remove(d.path("state/run/one.pid")); err != nil {
		t.Fatal(err)
	}
	d.mustSwitchTo("--host-packages", d.model("model.nix", `{ two = sleeper "two" { }; }`))
	after := d.observe()
	if !slices.Equal(after.running(), []string{"two"}) || same(t, before, after, "two") != 1 {
		t.Errorf("two does not run on:\n%s", after)
	}
	if !alive(pid) {
		t.Error("the process that no pid file names was stopped: how was it found?")
	}
	d.mustSwitchTo("--undeploy")
}

// P5, P13: a program that runs in the foreground, and ends at once, has failed:
// that is known, and all is as before, however soon it was.
func TestForegroundProcessThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"/bin/false", "/nonexistent/program"} {
		t.Run(filepath.Base(program), func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.hostNeeds("daemon")
			for range 3 {
				r := d.switchTo("--host-packages", d.model("model.nix", fmt.Sprintf(
					`{ bad.pkg = create { name = "bad"; instanceName = "bad"; foregroundProcess = %q; overrides.sysvinit.runlevels = [ 3 ]; }; }`, program)))
				if r.code != 1 || !strings.Contains(r.stderr, "process 'bad' failed to") || !strings.Contains(r.stderr, "everything runs as it did before") {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
			}
			d.sameList(0)
		})
	}
}
