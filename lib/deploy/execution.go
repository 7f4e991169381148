package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// execution is one run of a deployment. It remembers each step before it
// begins, so that it can be undone whatever became of it.
type execution struct {
	Deployment
	ctx, soft context.Context
	journal   *journal.Journal
	dead      map[string]bool // did not run before
	begun     []begun         // levels, in order
	created   accounts.Set
	unseen    []manager.Unit // started, perhaps, but not seen
	late      []manager.Unit // started, perhaps, and may show themselves still
	lastStart time.Time
	undoing   bool
}

// begun is a step: units that were to start or stop, or the files of units that
// were to be put in place (verb "install"), or a Mover's one command (verb
// "move"), with what takes that back.
type begun struct {
	verb  string
	units []manager.Unit
	back  func() error
}

// opposite of a verb.
var opposite = map[string]string{"start": "stop", "stop": "start"}

// errInterrupted is why a step was not begun.
var errInterrupted = errors.New("interrupted")

// levels does one thing to all units, level by level, unless the manager knows
// the order itself.
func (x *execution) levels(verb string, levels [][]manager.Unit) *Failure {
	if batch, ok := manager.As[manager.Batch](x.Manager); ok && len(levels) > 0 {
		return x.batch(batch, verb, slices.Concat(levels...))
	}
	for _, level := range levels {
		if failure := x.level(verb, level); failure != nil {
			return failure
		}
	}
	return nil
}

// level does one thing to independent units, side by side. After a failure no
// further unit is begun, and those that were are waited for.
func (x *execution) level(verb string, units []manager.Unit) *Failure {
	if x.soft.Err() != nil {
		return &Failure{Verb: verb, Cause: errInterrupted}
	}
	if err := x.journal.Sync(); err != nil {
		return &Failure{Verb: verb, Cause: err}
	}
	x.begun = append(x.begun, begun{verb: verb})
	at := &x.begun[len(x.begun)-1]
	var (
		mutex   sync.Mutex
		failure *Failure
	)
	begin := func(unit manager.Unit) bool {
		mutex.Lock()
		defer mutex.Unlock()
		if failure == nil && x.soft.Err() != nil {
			failure = &Failure{Verb: verb, Cause: errInterrupted}
		}
		if failure != nil {
			return false
		}
		at.units = append(at.units, unit)
		return true
	}
	x.each(units, func(unit manager.Unit) {
		if !begin(unit) {
			return
		}
		if err := x.step(verb, unit, false); err != nil {
			mutex.Lock()
			defer mutex.Unlock()
			if _, unseen := errors.AsType[*manager.UnseenError](err); unseen {
				x.unseen = append(x.unseen, unit)
			} else if broken, ok := errors.AsType[*run.Error](err); ok && verb == "start" && broken.Code < 0 {
				x.late = append(x.late, unit)
			}
			if failure == nil {
				failure = &Failure{Process: unit.Name, Verb: verb, Cause: err}
			}
		}
	})
	x.lastStart = time.Now()
	return failure
}

// step is where everything that is done to a unit passes through.
func (x *execution) step(verb string, unit manager.Unit, undo bool) error {
	begin := time.Now()
	defer x.remind(verb, unit, undo).Stop()
	units := []manager.Unit{unit}
	err := x.noteBegun(verb, units)
	switch {
	case err != nil:
	case verb == "start":
		err = x.Manager.Start(x.watched(verb, units), unit)
	default:
		err = x.Manager.Stop(x.watched(verb, units), unit)
	}
	if err == nil {
		x.noteDone(verb, units)
	}
	x.Observe(Event{Verb: verb, Process: unit.Name, Err: err, Undo: undo, Took: time.Since(begin)})
	return err
}

// remindAfter is when a person begins to wonder what takes so long.
const remindAfter = 5 * time.Second

// remind tells of a step that takes long.
func (x *execution) remind(verb string, unit manager.Unit, undo bool) *time.Timer {
	return time.AfterFunc(remindAfter, func() {
		x.Observe(Event{Verb: verb, Process: unit.Name, Undo: undo, Waiting: true, Took: remindAfter})
	})
}

// each calls act for all units, at most Jobs at a time.
func (x *execution) each(units []manager.Unit, act func(manager.Unit)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, max(1, x.Jobs))
	for _, unit := range units {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			act(unit)
		})
	}
	running.Wait()
}

// settle looks again at what was started, once the last of it has had its time.
// Levels are not waited for one by one: a process that dies early fails the
// switch all the same.
func (x *execution) settle(levels [][]manager.Unit) *Failure {
	started := slices.Concat(levels...)
	if len(started) == 0 {
		return nil
	}
	select {
	case <-time.After(time.Until(x.lastStart.Add(x.Settle))):
	case <-x.soft.Done():
		return &Failure{Verb: "start", Cause: errInterrupted}
	}
	states, err := x.Manager.Status(x.ctx, started)
	if err != nil {
		return &Failure{Verb: "start", Cause: err}
	}
	for _, unit := range started {
		if states[unit.Name].Condition == manager.Stopped {
			return &Failure{Process: unit.Name, Verb: "stay up", Cause: x.died(unit, states[unit.Name].Detail)}
		}
		x.Observe(Event{Verb: "run", Process: unit.Name, State: states[unit.Name]})
	}
	return nil
}

func (x *execution) died(unit manager.Unit, detail string) error {
	text := fmt.Sprintf("it started, but ended within %s", x.Settle)
	if detail != "" {
		text += " (" + detail + ")"
	}
	if tail := manager.LogTail(unit.Log); tail != "" {
		text += tail
	} else if witness, ok := manager.As[manager.Witness](x.Manager); ok {
		text += witness.LastWords(x.ctx, unit)
	}
	return errors.New(text)
}

// undo takes back the begun steps, the last first, and names what it could not
// put back.
func (x *execution) undo(failure *Failure) {
	x.undoing = true
	wrong := func(unit manager.Unit, verb string, err error) {
		failure.Wrong = append(failure.Wrong, Wrong{Process: unit.Name, Why: err, Repair: x.Manager.Command(verb, unit)})
	}
	var back []manager.Unit
	stuck := map[string]bool{} // could not be stopped, so that nothing may start in its place
	for _, step := range slices.Backward(x.begun) {
		if step.back != nil {
			if err := step.back(); err != nil {
				what := map[string]string{"install": "files", "move": "profiles"}[step.verb]
				failure.Wrong = append(failure.Wrong, Wrong{Process: what, Why: err})
			}
			continue
		}
		verb, units := opposite[step.verb], step.units
		if verb == "start" {
			units = x.thatRan(units)
			for _, unit := range units {
				if stuck[unit.Name] {
					wrong(unit, verb, errors.New("it was not started again: what runs in its place could not be stopped"))
				}
			}
			units = slices.DeleteFunc(units, func(unit manager.Unit) bool { return stuck[unit.Name] })
			back = append(back, units...)
		}
		if len(units) == 0 {
			continue
		}
		x.awaitLate()
		failed := x.all(verb, units)
		for _, unit := range units {
			if err := failed[unit.Name]; err != nil {
				wrong(unit, verb, err)
				stuck[unit.Name] = verb == "stop" && x.stillRuns(unit)
			}
		}
	}
	if err := x.forgetAccounts(); err != nil {
		failure.Wrong = append(failure.Wrong, Wrong{Process: "accounts", Why: err})
	}
	x.verify(back, wrong)
	for _, unit := range x.unseen {
		failure.Wrong = append(failure.Wrong, Wrong{Process: unit.Name, Why: errors.New("it may run all the same: nothing tells which its process is")})
	}
	slices.SortFunc(failure.Wrong, func(a, b Wrong) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Repair, b.Repair))
	})
	failure.Wrong = slices.CompactFunc(failure.Wrong, func(a, b Wrong) bool {
		return a.Process == b.Process && a.Repair == b.Repair
	})
}

// thatRan leaves out what was stopped though it did not run.
func (x *execution) thatRan(units []manager.Unit) []manager.Unit {
	return slices.DeleteFunc(slices.Clone(units), func(unit manager.Unit) bool { return x.dead[unit.Name] })
}

// stillRuns says whether a unit is seen running that was to stop.
func (x *execution) stillRuns(unit manager.Unit) bool {
	states, err := x.Manager.Status(x.ctx, []manager.Unit{unit})
	return err == nil && states[unit.Name].Condition == manager.Running
}

// lateness is how long what a start may have left behind has to show itself.
const lateness = 2 * time.Second

// awaitLate waits for processes of which the start was broken off, as it took too
// long, say: what can't be seen can't be stopped. A script that says itself that
// it has failed has left none.
func (x *execution) awaitLate() {
	if len(x.late) == 0 {
		return
	}
	for deadline := time.Now().Add(lateness); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		states, err := x.Manager.Status(x.ctx, x.late)
		if err != nil {
			break
		}
		x.late = slices.DeleteFunc(x.late, func(unit manager.Unit) bool { return states[unit.Name].Condition != manager.Stopped })
		if len(x.late) == 0 {
			break
		}
	}
	x.late = nil
}

// verify asks whether what was started again runs.
func (x *execution) verify(units []manager.Unit, wrong func(manager.Unit, string, error)) {
	if len(units) == 0 {
		return
	}
	time.Sleep(x.Settle)
	states, err := x.Manager.Status(x.ctx, units)
	for _, unit := range units {
		if err != nil {
			wrong(unit, "start", err)
		} else if states[unit.Name].Condition == manager.Stopped {
			wrong(unit, "start", errors.New("it was started again, but does not run"))
		}
	}
}
