package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/plan"
	"nixproc/lib/run"
)

// execution is one run of a deployment. It remembers each step before it
// begins, so that it can be undone whatever became of it.
type execution struct {
	Deployment
	ctx, soft context.Context
	journal   *journal.Journal
	plan      plan.Plan
	begun     []begun // levels, in order
	created   accounts.Set
	unseen    []manager.Unit // started, perhaps, but not seen
	late      []manager.Unit // started, perhaps, and may show themselves still
	faults    []Fault        // with KeepGoing, what failed so far
	wrong     []Wrong        // and what may run and should not
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
		parts := [][]manager.Unit{slices.Concat(levels...)}
		switch {
		case verb == "start" && x.KeepGoing:
			parts = levels // its command might start what depends on one that fails
		case verb == "start":
			parts = gated(levels)
		}
		return x.inTurn(verb, parts, func(units []manager.Unit) *Failure { return x.batch(batch, verb, units) })
	}
	return x.inTurn(verb, levels, func(units []manager.Unit) *Failure { return x.level(verb, units) })
}

// inTurn does something to groups of units, one after the other. What was started
// has to be ready before the next group is.
func (x *execution) inTurn(verb string, groups [][]manager.Unit, act func([]manager.Unit) *Failure) *Failure {
	for _, units := range groups {
		if units = x.able(verb, units); len(units) == 0 {
			continue
		}
		failure := act(units)
		if failure == nil && verb == "start" {
			failure = x.becomeReady(x.able(verb, units))
		}
		if failure != nil {
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
				failure = x.fails(unit, verb, err)
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
	started := x.able("start", slices.Concat(levels...))
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
			if failure := x.fails(unit, "stay up", x.died(unit, states[unit.Name].Detail)); failure != nil {
				return failure
			}
			continue
		}
		x.Observe(Event{Verb: "run", Process: unit.Name, State: states[unit.Name]})
	}
	return nil
}

func (x *execution) died(unit manager.Unit, detail string) error {
	return x.ended(unit, fmt.Sprintf("it started, but ended within %s", x.Settle), detail)
}

// ended says that a process has ended, with what it said last.
func (x *execution) ended(unit manager.Unit, text, detail string) error {
	if detail != "" {
		text += " (" + detail + ")"
	}
	return errors.New(text + x.lastWords(unit))
}

// lastWords of a process, to be put behind a message.
func (x *execution) lastWords(unit manager.Unit) string {
	if tail := manager.LogTail(unit); tail != "" {
		return tail
	}
	if witness, ok := manager.As[manager.Witness](x.Manager); ok {
		return witness.LastWords(x.ctx, unit)
	}
	return ""
}
