package tests

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// slowModel is a model whose start takes a second, so that commands meet. The
// process's command line names the state directory's file ONCE.
const slowModel = `{
  slow = daemon "slow" ''
    sleep 1
    setsid sh -c 'echo $$ >"$PID_FILE"; while :; do sleep 1; done' "$PID_FILE.once" &
    until [ -s "$PID_FILE" ]; do sleep 0.02; done
  '' [ ];
  fast = sleeper "fast" { };
}`

// atOnce runs so many identical switches side by side, and gives what comes of them
// as they end.
func (d *deployment) atOnce(number int, args ...string) <-chan outcome {
	d.t.Helper()
	outcomes := make(chan outcome, number)
	var running sync.WaitGroup
	for range number {
		running.Go(func() { outcomes <- d.switchTo(args...) })
	}
	go func() { running.Wait(); close(outcomes) }()
	return outcomes
}

// runsOnce checks that the slow model runs, each process once.
func (d *deployment) runsOnce() {
	d.t.Helper()
	runs(d.t, d.observe(), "fast", "slow")
	if found := mentions(d.t, d.path("state/run/slow.pid.once")); len(found) != 1 {
		d.t.Errorf("slow runs %d times, want once:\n%s", len(found), strings.Join(found, "\n"))
	}
	if found := mentions(d.t, d.path("state/log/nixproc-fast.log")); len(found) != 1 {
		d.t.Errorf("fast runs %d times, want once:\n%s", len(found), strings.Join(found, "\n"))
	}
}

// P1, D14: of ten switches at once on one profile, one is at work; the others exit
// with 3 and say who that is; nothing runs twice.
func TestTenSwitchesAtOnce(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", strings.Replace(slowModel, "sleep 1\n", `until [ -e "$PID_FILE.go" ]; do sleep 0.02; done`+"\n", 1))
	// What is built is built before, so that they meet where processes start.
	if r := d.nixproc("build", "-P", "sysvinit", "--no-out-link", "--host-packages", "--state-dir", d.path("state"), "--force-disable-user-change", model); r.code != 0 {
		t.Fatal(r.stderr)
	}
	codes := map[int]int{}
	for r := range d.atOnce(10, "--host-packages", model) {
		if codes[r.code]++; codes[3] == 9 {
			d.write("state/run/slow.pid.go", "")
		}
		if r.code == 3 && !(strings.Contains(r.stderr, "holds the lock") && strings.Contains(r.stderr, "process ") && strings.Contains(r.stderr, "sysvinit-switch")) {
			t.Errorf("exit code 3, but the message does not say who holds the lock:\n%s", r.stderr)
		}
		if r.code != 0 && r.code != 3 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	if codes[0] != 1 || codes[3] != 9 {
		t.Errorf("exit codes and how often: %v; want 0 once", codes)
	}
	d.runsOnce()
	d.sameList(1)
	d.leavesNothing(nil)
}

// D14: while processes start, the profile that they are of is a root of the
// garbage collector already. P1: others hear of the first switch, or wait for it.
func TestNewProfileIsKept(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("model.nix", `{ waits = daemon "waits" ''
		touch "$PID_FILE.begun"
		until [ -e "$PID_FILE.go" ]; do sleep 0.02; done
		setsid sleep 1000 & echo $! >"$PID_FILE"
	'' [ ]; }`)
	built := d.nixproc("build", "-P", "sysvinit", "--no-out-link", "--host-packages", "--state-dir", d.path("state"), "--force-disable-user-change", model)
	profile := strings.TrimSpace(built.stdout)
	var ended sync.WaitGroup
	ended.Go(func() {
		if r := d.switchTo("--host-packages", model); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
	})
	eventually(t, "the process starts", func() bool { return present(d.path("state/run/waits.pid.begun")) })
	roots, err := d.store.nix(nil, "nix-store", "--query", "--roots", profile)
	for _, command := range []string{"status", "undeploy"} {
		if r := d.nixproc(command); r.code != 3 || !strings.Contains(r.stderr, "sysvinit-switch") {
			t.Errorf("%s beside a first switch: exit code %d\n%s", command, r.code, r.stderr)
		}
	}
	undeploy := d.begin("undeploy", "--wait")
	d.write("state/run/waits.pid.go", "")
	ended.Wait()
	if err != nil || !strings.Contains(roots, d.path("profiles/processes-1-link")) {
		t.Errorf("what keeps %s is %q (%v)", profile, roots, err)
	}
	if r := undeploy.ends(); r.code != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	runs(t, d.observe())
	d.leavesNothing(nil)
}

// P1: with --wait each waits for its turn, and all succeed.
func TestSwitchesThatWait(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", slowModel)
	started := 0
	for r := range d.atOnce(5, "--wait", "--host-packages", model) {
		if r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		if strings.Contains(r.stdout, "2 started") {
			started++
		}
	}
	if started != 1 {
		t.Errorf("%d switches started the processes, want 1", started)
	}
	d.runsOnce()
	d.sameList(1)

	// Different models, one after the other, in whatever order.
	var running sync.WaitGroup
	for i := range 3 {
		other := d.model(fmt.Sprintf("model%d.nix", i), fmt.Sprintf(`{ fast = sleeper "fast" { }; n%d = sleeper "n%[1]d" { }; }`, i))
		running.Go(func() {
			if r := d.switchTo("--wait", "--host-packages", other); r.code != 0 {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
		})
	}
	running.Wait()
	o := d.observe()
	if got := o.running(); len(got) != 2 || got[0] != "fast" {
		t.Errorf("%q run, want fast and one of the others", got)
	}
	d.leavesNothing(nil, o)
}
