package deploy

import (
	"errors"
	"slices"

	"nixproc/lib/manager"
)

// With KeepGoing, a process that fails ends nothing but what depends on it: that
// is not started, or, if it was already, stopped together with it. So what failed
// is down in the end, as a process is that has died since, and what is up is what
// the new profile says: it can become the current one, and whoever looks at it
// later sees what is missing. What could not be stopped is the exception. It is
// in the journal, which stays then.

// fails gives the failure that ends the switch, because a process failed: none
// where it is to keep going.
func (x *execution) fails(unit manager.Unit, verb string, err error) *Failure {
	_, unwritten := errors.AsType[unwrittenError](err)
	if !x.KeepGoing || unwritten || x.soft.Err() != nil {
		return &Failure{Process: unit.Name, Verb: verb, Cause: err}
	}
	x.faults = append(x.faults, Fault{unit.Name, verb, err})
	if verb == "stop" {
		x.isWrong(unit, err)
	}
	return nil
}

// isWrong notes that a process may run that should not.
func (x *execution) isWrong(unit manager.Unit, err error) {
	x.wrong = append(x.wrong, Wrong{Process: unit.Name, Why: err, Repair: x.Manager.Command("stop", unit)})
}

// blocked gives all processes of the new profile that failed or that depend on
// one, directly or not, each with one that failed.
func (x *execution) blocked() map[string]string {
	if len(x.faults) == 0 {
		return nil
	}
	by := map[string]string{}
	failed := func(name string) bool {
		return slices.ContainsFunc(x.faults, func(fault Fault) bool { return fault.Process == name })
	}
	for again := true; again; {
		again = false
		for _, change := range x.plan.Changes {
			if change.New == nil || by[change.Name] != "" {
				continue
			}
			if failed(change.Name) {
				by[change.Name], again = change.Name, true
				continue
			}
			for _, needed := range change.New.Requires {
				if by[needed] != "" {
					by[change.Name], again = by[needed], true
					break
				}
			}
		}
	}
	return by
}

// able leaves out what is not to be started because of a failure. Stopping goes on
// with all: it is what was asked for, and what still runs would lose them anyway
// when it is stopped at last.
func (x *execution) able(verb string, units []manager.Unit) []manager.Unit {
	blocked := x.blocked()
	if verb == "stop" || len(blocked) == 0 {
		return units
	}
	return slices.DeleteFunc(slices.Clone(units), func(unit manager.Unit) bool { return blocked[unit.Name] != "" })
}

// takeDown stops what failed after its start had begun, and what was started and
// depends on such a process, the last first. Of the units that an interrupted
// switch has started, those that are not ready go, too.
func (x *execution) takeDown(unready []manager.Unit) {
	blocked := x.blocked()
	if len(blocked) == 0 {
		return
	}
	x.undoing = true
	defer func() { x.undoing = false }()
	x.awaitLate()
	steps := append([]begun{{verb: "start", units: unready}}, x.begun...)
	for _, step := range slices.Backward(steps) {
		units := slices.DeleteFunc(slices.Clone(step.units), func(unit manager.Unit) bool { return blocked[unit.Name] == "" })
		if step.verb != "start" || len(units) == 0 {
			continue
		}
		failed := x.all("stop", units)
		for _, unit := range units {
			if err := failed[unit.Name]; err != nil {
				x.isWrong(unit, err)
			}
		}
	}
	for _, unit := range x.unseen {
		x.isWrong(unit, errors.New("it may run all the same: nothing tells which its process is"))
	}
}

// gone is what a switch that has kept going tells in the end; nil if nothing
// failed.
func (x *execution) gone() *Failure {
	if len(x.faults) == 0 {
		return nil
	}
	first := x.faults[0]
	failure := &Failure{Process: first.Process, Verb: first.Verb, Cause: first.Cause, Moved: true, More: x.faults[1:], Wrong: x.wrong, Left: map[string]string{}}
	blocked := x.blocked()
	for _, unit := range slices.Concat(x.plan.Starts...) {
		if why := blocked[unit.Name]; why != "" && why != unit.Name {
			failure.Left[unit.Name] = why
		}
	}
	return failure
}
