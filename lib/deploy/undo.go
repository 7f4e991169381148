package deploy

import (
	"errors"
	"slices"
	"time"

	"nixproc/lib/manager"
)

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
		parts := [][]manager.Unit{units}
		if verb == "start" {
			parts = again(units)
		}
		for _, units := range parts {
			if verb == "start" {
				manager.MarkLogs(units)
			}
			failed := x.all(verb, units)
			for _, unit := range units {
				if err := failed[unit.Name]; err != nil {
					wrong(unit, verb, err)
					stuck[unit.Name] = verb == "stop" && x.stillRuns(unit)
				}
			}
			if verb == "start" {
				x.readyAgain(units, failed, failure)
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
	failure.Wrong = once(failure.Wrong)
}

// once leaves out what is said again. The order stays that of undoing: whoever
// types the commands one after the other stops what is new before what was there
// starts again.
func once(all []Wrong) []Wrong {
	var left []Wrong
	for _, wrong := range all {
		if !slices.ContainsFunc(left, func(said Wrong) bool { return said.Process == wrong.Process && said.Repair == wrong.Repair }) {
			left = append(left, wrong)
		}
	}
	return left
}

// thatRan leaves out what was stopped though it did not run.
func (x *execution) thatRan(units []manager.Unit) []manager.Unit {
	return slices.DeleteFunc(slices.Clone(units), func(unit manager.Unit) bool { return x.plan.Dead[unit.Name] })
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
