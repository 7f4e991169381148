package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/plan"
)

// machine is a process manager that only remembers what runs.
type machine struct {
	mutex   sync.Mutex
	running map[string]string // name -> key
	did     []string
	fails   map[string]error // "start b" -> error
	dies    map[string]bool  // key of a unit that ends right after its start
	before  func(step string)
}

func (m *machine) act(verb string, unit manager.Unit) error {
	step := verb + " " + unit.Name
	if m.before != nil {
		m.before(step)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.did = append(m.did, step)
	if err := m.fails[step+" "+unit.Key]; err != nil {
		return err
	}
	if verb == "stop" {
		delete(m.running, unit.Name)
	} else if !m.dies[unit.Key] {
		m.running[unit.Name] = unit.Key
	}
	return nil
}

func (m *machine) Name() string                                  { return "test" }
func (m *machine) Units(string) ([]manager.Unit, error)          { return nil, nil }
func (m *machine) Start(_ context.Context, u manager.Unit) error { return m.act("start", u) }
func (m *machine) Stop(_ context.Context, u manager.Unit) error  { return m.act("stop", u) }
func (m *machine) Command(verb string, unit manager.Unit) string {
	return "/init.d/" + unit.Name + " " + verb
}
func (m *machine) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	states := map[string]manager.State{}
	for _, unit := range units {
		state := manager.State{Condition: manager.Stopped}
		if _, ok := m.running[unit.Name]; ok {
			state.Condition = manager.Running
		}
		states[unit.Name] = state
	}
	return states, nil
}

func (m *machine) state() string {
	var parts []string
	for _, name := range []string{"a", "b", "c", "d"} {
		if key, ok := m.running[name]; ok {
			parts = append(parts, name+"="+key)
		}
	}
	return strings.Join(parts, " ")
}

func unit(name, key string, rank int) manager.Unit {
	return manager.Unit{Name: name, Key: key, Rank: rank, Wanted: true}
}

// upgrade removes a, changes b and adds d; c stays. d needs b.
func upgrade(m *machine) plan.Plan {
	old := []manager.Unit{unit("a", "a1", 0), unit("b", "b1", 1), unit("c", "c1", 0)}
	new := []manager.Unit{unit("b", "b2", 0), unit("c", "c1", 0), unit("d", "d1", 1)}
	states, _ := m.Status(context.Background(), old)
	return plan.Make(old, new, states, plan.Options{})
}

func newMachine() *machine {
	return &machine{running: map[string]string{"a": "a1", "b": "b1", "c": "c1"}, fails: map[string]error{}, dies: map[string]bool{}}
}

type result struct {
	err       error
	committed bool
}

func execute(m *machine, change func(*Deployment), soft context.Context) result {
	var r result
	d := Deployment{Manager: m, Jobs: 4, Settle: time.Millisecond, Observe: func(Event) {}}
	if change != nil {
		change(&d)
	}
	r.err = d.Run(context.Background(), soft, Work{Plan: upgrade(m), Commit: func() error { r.committed = true; return m.fails["commit"] }})
	return r
}

const before, after = "a=a1 b=b1 c=c1", "b=b2 c=c1 d=d1"

// Guards P7, P9, P10.
func TestRunDoesThePlanInOrder(t *testing.T) {
	m := newMachine()
	r := execute(m, nil, context.Background())
	if r.err != nil || !r.committed || m.state() != after {
		t.Fatalf("error %v, committed %t, running %s", r.err, r.committed, m.state())
	}
	if got := strings.Join(m.did, ", "); got != "stop b, stop a, start b, start d" {
		t.Error(got)
	}
}

// Of what was started, and of nothing else, it is told how it runs.
func TestRunIsTold(t *testing.T) {
	var told []string
	r := execute(newMachine(), func(d *Deployment) {
		d.Observe = func(event Event) {
			if event.Verb == "run" && event.State.Condition == manager.Running {
				told = append(told, event.Process)
			}
		}
	}, context.Background())
	if r.err != nil || strings.Join(told, " ") != "b d" {
		t.Errorf("error %v, told of %q", r.err, told)
	}
}

// Guards P5: whichever step fails, everything is as it was.
func TestFailedStepsAreUndone(t *testing.T) {
	for _, step := range []string{"stop b b1", "stop a a1", "start b b2", "start d d1", "commit", "d dies"} {
		t.Run(step, func(t *testing.T) {
			m := newMachine()
			if step == "d dies" {
				m.dies["d1"] = true
			} else {
				m.fails[step] = errors.New("no")
			}
			r := execute(m, nil, context.Background())
			var failure *Failure
			if !errors.As(r.err, &failure) {
				t.Fatalf("error is %v, want a Failure", r.err)
			}
			if !failure.Undone() || m.state() != before {
				t.Errorf("undone %t, running %s, want %s; did %s", failure.Undone(), m.state(), before, m.did)
			}
			if step != "commit" && r.committed {
				t.Error("the generation moved although a step failed")
			}
		})
	}
}

// Guards P5: what comes last in the order goes first when it is undone.
func TestUndoGoesBackwards(t *testing.T) {
	m := newMachine()
	m.fails["commit"] = errors.New("no")
	execute(m, nil, context.Background())
	if got := strings.Join(m.did, ", "); got != "stop b, stop a, start b, start d, stop d, stop b, start a, start b" {
		t.Error(got)
	}
}

// Guards P6: what can't be undone is named, with the command that repairs it.
func TestWhatCannotBeUndoneIsNamed(t *testing.T) {
	m := newMachine()
	m.fails["start b b2"], m.fails["start b b1"] = errors.New("no"), errors.New("no more")
	r := execute(m, nil, context.Background())
	var failure *Failure
	if !errors.As(r.err, &failure) || failure.Undone() {
		t.Fatalf("error is %v, undone", r.err)
	}
	got := fmt.Sprint(failure.Wrong[0])
	if len(failure.Wrong) != 1 || !strings.Contains(got, "no more") || !strings.Contains(got, "/init.d/b start") {
		t.Errorf("%d wrong: %s", len(failure.Wrong), got)
	}
	if m.state() != "a=a1 c=c1" {
		t.Errorf("running: %s", m.state())
	}
}

// Guards P4, P6: where the new process can't be stopped, the old one is not
// started beside it.
func TestNothingStartsBesideWhatRuns(t *testing.T) {
	m := newMachine()
	m.fails["commit"], m.fails["stop b b2"] = errors.New("no"), errors.New("no more")
	var failure *Failure
	if r := execute(m, nil, context.Background()); !errors.As(r.err, &failure) {
		t.Fatalf("error is %v, want a Failure", r.err)
	}
	if m.state() != "a=a1 b=b2 c=c1" || strings.Count(strings.Join(m.did, ","), "start b") != 1 {
		t.Errorf("running: %s, did %q", m.state(), m.did)
	}
	// Whoever types the commands in this order has what ran before.
	if len(failure.Wrong) != 2 || failure.Wrong[0].Repair != "/init.d/b stop" || failure.Wrong[1].Repair != "/init.d/b start" {
		t.Errorf("wrong: %+v", failure.Wrong)
	}
}

// Guards P5: what had died, and is stopped to clean up after it, stays dead when
// that is undone.
func TestDeadIsNotStartedByUndo(t *testing.T) {
	m := newMachine()
	delete(m.running, "a")
	m.fails["commit"], m.fails["start a a1"] = errors.New("no"), errors.New("it can't")
	var failure *Failure
	if r := execute(m, nil, context.Background()); !errors.As(r.err, &failure) || !failure.Undone() || m.state() != "b=b1 c=c1" {
		t.Errorf("running: %s, wrong %+v", m.state(), failure)
	}
}

func TestNoRollbackKeepsWhatWasDone(t *testing.T) {
	m := newMachine()
	m.fails["start d d1"] = errors.New("no")
	r := execute(m, func(d *Deployment) { d.NoRollback = true }, context.Background())
	var failure *Failure
	if !errors.As(r.err, &failure) || !failure.Kept || failure.Undone() || r.committed {
		t.Fatalf("error %v, committed %t", r.err, r.committed)
	}
	if m.state() != "b=b2 c=c1" {
		t.Errorf("running: %s", m.state())
	}
}

// Guards P11: after an interrupt nothing begins, and what was done is undone.
func TestInterruptUndoes(t *testing.T) {
	for _, at := range []string{"stop b", "stop a", "start b", "start d"} {
		m := newMachine()
		soft, interrupt := context.WithCancel(context.Background())
		m.before = func(step string) {
			if step == at {
				interrupt()
			}
		}
		r := execute(m, nil, soft)
		var failure *Failure
		if !errors.As(r.err, &failure) || !failure.Undone() || r.committed || m.state() != before {
			t.Errorf("interrupted in %s: error %v, committed %t, running %s", at, r.err, r.committed, m.state())
		}
		interrupt()
	}
}

// Guards P11: also within a level, nothing begins after an interrupt.
func TestInterruptWithinALevel(t *testing.T) {
	m := &machine{running: map[string]string{}}
	soft, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	m.before = func(string) { interrupt() }
	d := Deployment{Manager: m, Jobs: 1, Observe: func(Event) {}}
	err := d.Run(context.Background(), soft, Work{
		Plan:   plan.Make(nil, []manager.Unit{unit("a", "1", 0), unit("b", "1", 0), unit("c", "1", 0)}, nil, plan.Options{}),
		Commit: func() error { return nil },
	})
	if err == nil || strings.Join(m.did, ", ") != "start a, stop a" {
		t.Errorf("error %v, did %q", err, m.did)
	}
}

// Guards P10: at most Jobs steps at a time, and really side by side.
func TestJobsBoundsWhatRunsSideBySide(t *testing.T) {
	var mutex sync.Mutex
	now, most := 0, 0
	m := newMachine()
	m.before = func(string) {
		mutex.Lock()
		now++
		most = max(most, now)
		mutex.Unlock()
		time.Sleep(20 * time.Millisecond)
		mutex.Lock()
		now--
		mutex.Unlock()
	}
	var new []manager.Unit
	for i := range 12 {
		new = append(new, unit(fmt.Sprint("p", i), "1", 0))
	}
	d := Deployment{Manager: m, Jobs: 3, Observe: func(Event) {}}
	err := d.Run(context.Background(), context.Background(),
		Work{Plan: plan.Make(nil, new, nil, plan.Options{}), Commit: func() error { return nil }})
	if err != nil || most != 3 {
		t.Errorf("error %v, at most %d side by side, want 3", err, most)
	}
}

// Guards D14: the holder is named also where it has just taken the lock.
func TestHolderSignsLate(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/lock"
	for what, try := range map[string]func() error{
		"to take it":     func() error { _, err := Acquire(t.Context(), path, false); return err },
		"to see it free": func() error { return Free(t.Context(), path, false) },
	} {
		lock, err := acquire(t.Context(), path, false)
		if err != nil {
			t.Fatal(err)
		}
		signed := make(chan error)
		time.AfterFunc(3*brief, func() { signed <- lock.sign(path) })
		if busy, ok := errors.AsType[*BusyError](try()); !ok || busy.Holder.PID != os.Getpid() {
			t.Errorf("%s: the error is %v, want one that names the holder", what, busy)
		}
		if err := errors.Join(<-signed, lock.Release()); err != nil {
			t.Fatal(err)
		}
	}
}

// Guards P1, D14.
func TestLockNamesItsHolder(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/a folder/lock"
	if err := Free(context.Background(), path, false); err != nil {
		t.Fatal(err)
	}
	lock, err := Acquire(context.Background(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, try := range []func() error{
		func() error { _, err := Acquire(context.Background(), path, false); return err },
		func() error { return Free(context.Background(), path, false) },
	} {
		var busy *BusyError
		if err := try(); !errors.As(err, &busy) || busy.Holder.PID == 0 || busy.Holder.Command == "" {
			t.Errorf("error is %v, want one that names the holder", err)
		}
	}
	waited := make(chan error)
	go func() {
		second, err := Acquire(context.Background(), path, true)
		if err == nil {
			err = second.Release()
		}
		waited <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
}
