package deploy

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/plan"
)

// going executes, keeping going, a plan in which a goes, b changes, c is new and
// depends on b, and d is new and depends on nothing.
func going(t *testing.T, m manager.Manager, soft context.Context, change func(new []manager.Unit, work *Work)) (failure *Failure, moved bool) {
	t.Helper()
	old := []manager.Unit{unit("a", "a1", 1), unit("b", "b1", 0)}
	new := []manager.Unit{unit("b", "b2", 0), unit("c", "c1", 1), unit("d", "d1", 1)}
	new[1].Requires = []string{"b"}
	work := Work{Commit: func() error { moved = true; return nil }}
	if change != nil {
		change(new, &work)
	}
	states, err := m.Status(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	work.Plan = plan.Make(old, new, states, plan.Options{})
	d := Deployment{Manager: m, Jobs: 4, Settle: time.Millisecond, KeepGoing: true, Observe: func(Event) {}}
	failure, _ = errors.AsType[*Failure](d.Run(context.Background(), soft, work))
	return failure, moved
}

func goingMachine() *machine {
	m := newMachine()
	m.running = map[string]string{"a": "a1", "b": "b1"}
	return m
}

// P7, P10: what fails is down, with what depends on it, and all else is up,
// whether units start one by one or together.
func TestKeepGoing(t *testing.T) {
	t.Parallel()
	nobody := filepath.Join(t.TempDir(), "nothing")
	for name, c := range map[string]struct {
		fails   string // a step, or the key of a unit that dies
		unready bool   // b is never ready
		runs    string
		failed  string
		left    string
		wrong   string
	}{
		"nothing fails":      {"", false, "b=b2 c=c1 d=d1", "", "", ""},
		"a start fails":      {"start b b2", false, "d=d1", "b start", "c", ""},
		"the last one fails": {"start c c1", false, "b=b2 d=d1", "c start", "", ""},
		"one dies":           {"b2", false, "d=d1", "b stay up", "c", ""},
		"one is not ready":   {"", true, "d=d1", "b become ready", "c", ""},
		"a stop fails":       {"stop a a1", false, "a=a1 b=b2 c=c1 d=d1", "a stop", "", "a /init.d/a stop"},
		"an old one stays":   {"stop b b1", false, "b=b1 d=d1", "b stop", "c", "b /init.d/b stop"},
	} {
		for _, together := range []bool{false, true} {
			one := goingMachine()
			var m manager.Manager = one
			if together {
				m = &batchMachine{machine: one, files: map[string]string{}}
			}
			if strings.Contains(c.fails, " ") {
				one.fails[c.fails] = errors.New("no")
			}
			one.dies[c.fails] = true
			failure, moved := going(t, m, t.Context(), func(new []manager.Unit, _ *Work) {
				if c.unready {
					new[0].Readiness = readyBy(nobody, 0.1)
				}
			})
			var failed, wrong []string
			var left map[string]string
			if failure != nil {
				for _, fault := range failure.Faults() {
					failed = append(failed, fault.Process+" "+fault.Verb)
				}
				for _, w := range failure.Wrong {
					wrong = append(wrong, w.Process+" "+w.Repair)
				}
				left = failure.Left
			}
			if !moved || one.state() != c.runs || strings.Join(failed, ", ") != c.failed || strings.Join(slices.Collect(maps.Keys(left)), " ") != c.left || strings.Join(wrong, ", ") != c.wrong {
				t.Errorf("%s, together %t: moved %t, running %s, failed %q, left %q, wrong %q; did %q", name, together, moved, one.state(), failed, left, wrong, one.did)
			}
		}
	}
}

// P5, P11: what is no failure of a process is undone all the same.
func TestKeepGoingUndoesTheRest(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"interrupt", "commit", "journal"} {
		m := goingMachine()
		m.fails["start c c1"] = errors.New("no")
		soft, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		failure, _ := going(t, m, soft, func(_ []manager.Unit, work *Work) {
			switch what {
			case "interrupt":
				m.before = func(step string) {
					if step == "start b" {
						interrupt()
					}
				}
			case "commit":
				work.Commit = func() error { return errors.New("no such luck") }
			case "journal":
				j, err := journal.Open(filepath.Join(t.TempDir(), "journal"), journal.Switch{})
				if err != nil {
					t.Fatal(err)
				}
				work.Journal = j
				m.before = func(step string) {
					if step == "start b" {
						j.Close()
					}
				}
			}
		})
		if failure == nil || !failure.Undone() || m.state() != "a=a1 b=b1" {
			t.Errorf("%s: running %s, %+v; did %q", what, m.state(), failure, m.did)
		}
	}
}
