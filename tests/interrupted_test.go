package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slowly is a model of two processes, the second of which takes its time, until there
// is a file; WORD is an argument of both.
const slowly = `rec {
  quick = sleeper "quick" { args = [ WORD ]; };
  slow = sleeper "slow" { args = [ WORD ]; initialize = "until [ -e '${stateDir}/go WORD' ]; do sleep 0.02; done; sleep 0.5"; dependencies = [ quick.pkg ]; };
}`

// killSwitch starts a switch and kills it with -9 while the second process starts,
// which needs a little longer.
func (d *deployment) killSwitch(args ...string) {
	d.t.Helper()
	cmd := exec.Command(d.binary, append([]string{"sysvinit-switch", "--runlevel=3", "--host-packages", "--state-dir", d.path("state"), "--force-disable-user-change"}, args...)...)
	cmd.Dir, cmd.Env = d.dir, d.env
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.journaled("sysvinit", `"verb":"start","units":["slow"]`)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	cmd.Wait()
	d.write("state/go 1002", "")
}

// journaled waits until the journal of a switch has a text in it.
func (d *deployment) journaled(manager, text string) {
	d.t.Helper()
	var data []byte
	for deadline := time.Now().Add(time.Minute); !strings.Contains(string(data), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("after a minute, the journal has no %s:\n%s", text, data)
		}
		data, _ = os.ReadFile(d.path("profiles", ".processes.nixproc", manager+".journal"))
	}
}

// runsAll checks, from outside, that both processes run once, with the word.
func (d *deployment) runsAll(word string) {
	d.t.Helper()
	for _, name := range []string{"quick", "slow"} {
		pid, _, alive := d.process(name)
		if !alive {
			d.t.Errorf("%s does not run", name)
			continue
		}
		if line := commandLine(d.t, pid); !strings.Contains(line, word) {
			d.t.Errorf("%s runs as %q, want the argument %s", name, line, word)
		}
	}
	if found := mentions(d.t, d.path("state", "log", "nixproc-slow.log")); len(found) != 1 {
		d.t.Errorf("slow runs %d times:\n%s", len(found), strings.Join(found, "\n"))
	}
}

// P4: whatever a switch that was killed left behind, the next one makes it right,
// and so does going back.
func TestNextSwitchAfterKill(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(d *deployment, one, two string){
		"the same": func(d *deployment, one, two string) {
			before := d.observe()
			d.mustSwitchTo("--host-packages", two)
			d.runsAll("1002")
			same(d.t, before, d.observe(), "quick") // its step was done
		},
		"recover": func(d *deployment, one, two string) {
			deployed := present(d.path("profiles", "processes"))
			r := d.nixproc("recover")
			if r.code != 0 || !strings.Contains(r.stderr, "-processes-sysvinit is undone\n") {
				d.t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			if deployed {
				d.runsAll("1001")
				d.sameList(1)
			} else {
				runs(d.t, d.observe())
			}
			if left := listingOf(d.t, d.path("profiles", ".processes.nixproc")); len(left) != 2 { // the directory, and the lock
				d.t.Errorf("left is %v", left)
			}
			if r := d.nixproc("recover"); r.code != 0 || !strings.Contains(r.stderr, "nothing to recover") {
				d.t.Errorf("a second time: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		},
		"back": func(d *deployment, one, two string) {
			r := d.mustSwitchTo("--host-packages", one)
			d.runsAll("1001")
			if !strings.Contains(r.stderr, "the last switch was interrupted") {
				d.t.Errorf("nothing says that the last switch was interrupted:\n%s", r.stderr)
			}
			if again := d.mustSwitchTo("--host-packages", one); !strings.Contains(again.stdout, "2 kept") {
				d.t.Errorf("a further switch does something:\n%s", again.stdout)
			}
			d.sameList(1) // nobody can go back to what was never reached
		},
		"undeploy": func(d *deployment, one, two string) {
			d.mustSwitchTo("--undeploy")
			for _, name := range []string{"quick", "slow"} {
				if _, _, alive := d.process(name); alive {
					d.t.Errorf("%s still runs", name)
				}
			}
		},
	} {
		for _, deployed := range []bool{false, true} {
			if name == "back" && !deployed {
				continue
			}
			t.Run(name+map[bool]string{true: ", something was deployed", false: ", nothing was deployed"}[deployed], func(t *testing.T) {
				t.Parallel()
				d := newDeployment(t)
				d.hostNeeds("daemon")
				one := d.model("one.nix", strings.ReplaceAll(slowly, "WORD", "1001"))
				two := d.model("two.nix", strings.ReplaceAll(slowly, "WORD", "1002"))
				d.write("state/go 1001", "")
				if deployed {
					d.mustSwitchTo("--host-packages", one)
				}
				d.killSwitch(two)
				next(d, one, two)
			})
		}
	}
}

// Two profiles do not share a process, and a process that runs already counts as
// none that was started.
func TestProcessOfAnotherProfile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	one := d.model("one.nix", `{ quick = sleeper "quick" { args = [ 1001 ]; }; }`)
	two := d.model("two.nix", `{ quick = sleeper "quick" { args = [ 1002 ]; }; }`)
	d.mustSwitchTo("--host-packages", one)
	pid, start, _ := d.process("quick")
	r := d.switchTo("--host-packages", "-p", "other", two)
	if r.code != 1 || !strings.Contains(r.stderr, "which process 'quick' of the profile 'processes' has, too") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if again, since, _ := d.process("quick"); again != pid || since != start {
		t.Error("the process of the other profile was touched")
	}
	// With its profile gone, nobody knows what runs: so it is restarted.
	d.mustSwitchTo("--delete-all-generations")
	d.mustSwitchTo("--host-packages", two)
	if again, _, _ := d.process("quick"); again == pid || !strings.Contains(commandLine(t, again), "1002") {
		t.Error("a process that ran already was taken for the one that was started")
	}
}

// commandLine of a process.
func commandLine(t *testing.T, pid int) string {
	t.Helper()
	return strings.ReplaceAll(read(t, fmt.Sprintf("/proc/%d/cmdline", pid)), "\x00", " ")
}

// A profile whose generation was removed by hand, or an old profile that is not
// there, is no dead end.
func TestNothingToCompareWith(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", `{ quick = sleeper "quick" { }; }`)
	d.mustSwitchTo("--host-packages", model)
	pid, _, _ := d.process("quick")
	link := d.path("profiles", "processes")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("processes-77-link", link); err != nil {
		t.Fatal(err)
	}
	r := d.mustSwitchTo("--host-packages", model)
	if again, _, _ := d.process("quick"); again != pid || !strings.Contains(r.stdout, "1 kept: generation 1") {
		t.Errorf("a profile at a generation that is gone: pid %d, was %d\n%s", again, pid, r.stdout)
	}
	r = d.mustSwitchTo("--host-packages", "-o", d.path("nowhere"), model)
	if !strings.Contains(r.stderr, "nothing is taken to be deployed") || !strings.Contains(r.stdout, "restarted") {
		t.Errorf("an old profile that is not there:\n%s%s", r.stdout, r.stderr)
	}
}
