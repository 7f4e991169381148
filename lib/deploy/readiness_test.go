package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/model"
	"nixproc/lib/plan"
)

// readyBy says that a unit is ready once there is a file.
func readyBy(file string, seconds float64) *model.Readiness {
	return &model.Readiness{Command: []string{"/bin/sh", "-c", `test -e "$1" || { echo not there >&2; exit 3; }`, "sh", file}, Seconds: seconds}
}

// gate is a machine on which unit b2 (or b1, in an undo) is ready a while after
// its start, by a file.
type gate struct {
	*machine
	file  string
	early []string // what was started before
	old   []manager.Unit
	new   []manager.Unit
}

// newGate has the same units as upgrade.
func newGate(t *testing.T, after time.Duration) *gate {
	g := &gate{machine: newMachine(), file: filepath.Join(t.TempDir(), "a file")}
	g.old = []manager.Unit{unit("a", "a1", 0), unit("b", "b1", 1), unit("c", "c1", 0)}
	g.new = []manager.Unit{unit("b", "b2", 0), unit("c", "c1", 0), unit("d", "d1", 1)}
	var opening sync.WaitGroup
	t.Cleanup(opening.Wait)
	g.before = func(step string) {
		switch step {
		case "start d", "start b":
			if _, err := os.Stat(g.file); err != nil {
				g.early = append(g.early, step)
			}
		}
		if step == "start a" || step == "start b" {
			opening.Go(func() {
				time.Sleep(after)
				if err := os.WriteFile(g.file, nil, 0o644); err != nil {
					t.Error(err)
				}
			})
		}
	}
	return g
}

func (g *gate) run(m manager.Manager, soft context.Context, change func(*Work)) (*Failure, []Event) {
	states, _ := g.Status(context.Background(), g.old)
	var mutex sync.Mutex
	var events []Event
	work := Work{Plan: plan.Make(g.old, g.new, states, plan.Options{}), Commit: func() error { return nil }}
	if change != nil {
		change(&work)
	}
	err := Deployment{Manager: m, Jobs: 4, Settle: 50 * time.Millisecond, Observe: func(event Event) {
		mutex.Lock()
		defer mutex.Unlock()
		events = append(events, event)
	}}.Run(context.Background(), soft, work)
	failure, _ := errors.AsType[*Failure](err)
	return failure, events
}

// both runs a test with a manager that starts units one by one, and with one that
// starts them together.
func both(t *testing.T, after time.Duration, test func(t *testing.T, g *gate, m manager.Manager)) {
	for _, name := range []string{"one by one", "together"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, after)
			if name == "together" {
				test(t, g, &batchMachine{machine: g.machine, files: map[string]string{"a": "a1", "b": "b1", "c": "c1"}})
			} else {
				test(t, g, g.machine)
			}
		})
	}
}

func TestNextLevelWaitsUntilReady(t *testing.T) {
	both(t, 200*time.Millisecond, func(t *testing.T, g *gate, m manager.Manager) {
		g.new[0].Readiness = readyBy(g.file, 60)
		failure, events := g.run(m, t.Context(), nil)
		if failure != nil || g.state() != after || strings.Join(g.early, " ") != "start b" {
			t.Errorf("error %v, running %s, early %q", failure, g.state(), g.early)
		}
		told := 0
		for _, event := range events {
			if event.Verb == "become ready" && event.Process == "b" && event.Took > 10*time.Millisecond {
				told++
			}
		}
		if told != 1 {
			t.Errorf("it is told %d times that b is ready", told)
		}
	})
}

// P5, P13: what does not become ready in time, or ends before, fails the switch.
func TestUnreadyIsUndone(t *testing.T) {
	for name, c := range map[string]struct {
		seconds float64
		dies    bool
		want    string
	}{
		"never": {1.5, false, "within 1.5s, /bin/sh -c "}, // time for an answer
		"dies":  {10, true, "it ended before it was ready"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, time.Hour, func(t *testing.T, g *gate, m manager.Manager) {
				g.before = nil
				g.dies["b2"] = c.dies
				g.new[0].Readiness = readyBy(g.file, c.seconds)
				failure, _ := g.run(m, t.Context(), nil)
				if failure == nil || failure.Process != "b" || failure.Verb != "become ready" || !failure.Undone() || !strings.Contains(failure.Error(), c.want) {
					t.Errorf("%v", failure)
				}
				if !c.dies && !strings.Contains(failure.Error(), "exit code 3; its last lines:\n  not there") {
					t.Errorf("the last answer is missing: %v", failure)
				}
				if g.state() != before || strings.Contains(strings.Join(g.did, " "), "start d") {
					t.Errorf("running %s, %q", g.state(), g.did)
				}
			})
		})
	}
}

// An undo waits, too, and names what does not become ready again.
func TestUndoWaitsUntilReady(t *testing.T) {
	both(t, 200*time.Millisecond, func(t *testing.T, g *gate, m manager.Manager) {
		open := g.before
		g.before = func(step string) { // in the undo only
			if strings.Contains(strings.Join(g.did, " "), "start d") {
				open(step)
			}
		}
		g.fails["start d d1"] = errors.New("no")
		g.old[0].Readiness = readyBy(g.file, 60)
		failure, _ := g.run(m, t.Context(), nil)
		if failure == nil || !failure.Undone() || g.state() != before || len(g.early) > 0 {
			t.Errorf("%v, running %s, early %q, %q", failure, g.state(), g.early, g.did)
		}
	})
	both(t, time.Hour, func(t *testing.T, g *gate, m manager.Manager) {
		g.before = nil
		g.fails["start d d1"] = errors.New("no")
		g.old[0].Readiness = readyBy(g.file, 0.1)
		failure, _ := g.run(m, t.Context(), nil)
		if failure == nil || len(failure.Wrong) != 1 || failure.Wrong[0].Process != "a" || failure.Wrong[0].Repair != "/init.d/a stop && /init.d/a start" || !strings.Contains(failure.Wrong[0].Why.Error(), "did not become ready: within 100ms") || g.state() != before {
			t.Errorf("%v, running %s", failure, g.state())
		}
	})
}

// P11: an interruption ends the wait at once.
func TestInterruptedWait(t *testing.T) {
	both(t, time.Hour, func(t *testing.T, g *gate, m manager.Manager) {
		soft, cancel := context.WithCancel(t.Context())
		g.before = func(step string) { time.AfterFunc(100*time.Millisecond, cancel) }
		g.new[0].Readiness = &model.Readiness{Command: []string{"/bin/sleep", "1000"}, Seconds: 20}
		begin := time.Now()
		failure, _ := g.run(m, soft, nil)
		if took := time.Since(begin); !errors.Is(failure, errInterrupted) || !failure.Undone() || g.state() != before || took > 10*time.Second {
			t.Errorf("%v after %s, running %s", failure, took, g.state())
		}
	})
}

// The first that fails ends the wait for the others, and is the one that is named.
func TestFirstUnreadyEndsTheWait(t *testing.T) {
	g := newGate(t, time.Hour)
	g.before = nil
	g.new[2].Rank = 0
	g.new[0].Readiness, g.new[2].Readiness = readyBy(g.file, 600), readyBy(g.file, 0.2)
	if failure, _ := g.run(g.machine, t.Context(), nil); failure == nil || failure.Process != "d" || !failure.Undone() {
		t.Errorf("%v", failure)
	}
}

// P4: what an interrupted switch has started is waited for before anything starts.
func TestUnreadyOfInterrupted(t *testing.T) {
	g := newGate(t, 200*time.Millisecond)
	c := g.new[1]
	c.Readiness = readyBy(g.file, 60)
	g.before("start a")
	failure, _ := g.run(g.machine, t.Context(), func(work *Work) { work.Unready = []manager.Unit{c} })
	if failure != nil || len(g.early) > 0 {
		t.Errorf("%v, early %q", failure, g.early)
	}
}
