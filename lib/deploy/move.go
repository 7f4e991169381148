package deploy

import (
	"errors"
	"slices"
	"time"

	"nixproc/lib/manager"
)

// move starts what is to be started by a Mover's one command, unless nothing at
// all is to be done.
func (x *execution) move(mover manager.Mover, work Work) *Failure {
	if work.Plan.Empty() && work.Old == work.New {
		return nil
	}
	if x.soft.Err() != nil {
		return &Failure{Verb: "start", Cause: errInterrupted}
	}
	starts, stops := slices.Concat(work.Plan.Starts...), x.thatRan(slices.Concat(work.Plan.Stops...))
	err := x.noteBegun("start", starts)
	if err == nil {
		err = x.journal.Sync()
	}
	if err != nil {
		return &Failure{Verb: "start", Cause: err}
	}
	ctx := x.watched("start", starts)
	moved := false
	x.begun = append(x.begun, begun{verb: "move", back: func() error {
		err := x.stopStarted(starts)
		if moved {
			err = errors.Join(err, mover.Move(ctx, work.New, work.Old, stops))
		}
		return err // what still does not run is started next
	}})
	begin := time.Now()
	err = mover.Move(ctx, work.Old, work.New, starts)
	_, unseen := errors.AsType[*manager.UnseenError](err)
	moved = err == nil || unseen
	x.lastStart = time.Now()
	if err == nil {
		x.noteDone("start", starts)
		for _, unit := range starts {
			x.Observe(Event{Verb: "start", Process: unit.Name, Took: time.Since(begin)})
		}
		return nil
	}
	states, statusErr := x.Manager.Status(x.ctx, starts)
	for _, unit := range starts {
		if statusErr == nil && states[unit.Name].Condition != manager.Running {
			x.Observe(Event{Verb: "start", Process: unit.Name, Err: err, Took: time.Since(begin)})
			if unseen {
				x.unseen = append(x.unseen, unit)
			}
		}
	}
	return &Failure{Verb: "start", Cause: err}
}

// stopStarted stops what runs of the units that were to be started, the last
// first.
func (x *execution) stopStarted(starts []manager.Unit) error {
	states, err := x.Manager.Status(x.ctx, starts)
	if err != nil {
		return err
	}
	var problems []error
	for _, unit := range slices.Backward(starts) {
		if states[unit.Name].Condition != manager.Stopped {
			problems = append(problems, x.step("stop", unit, true))
		}
	}
	return errors.Join(problems...)
}
