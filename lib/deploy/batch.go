package deploy

import (
	"slices"
	"sync"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/plan"
)

// batch does one thing to all units by one command of the manager.
func (x *execution) batch(batch manager.Batch, verb string, units []manager.Unit) *Failure {
	if x.soft.Err() != nil {
		return &Failure{Verb: verb, Cause: errInterrupted}
	}
	if err := x.noteBegun(verb, units); err != nil {
		return &Failure{Verb: verb, Cause: err}
	}
	if err := x.journal.Sync(); err != nil {
		return &Failure{Verb: verb, Cause: err}
	}
	x.begun = append(x.begun, begun{verb: verb, units: units})
	failed := x.together(batch, verb, units, false)
	x.lastStart = time.Now()
	for _, unit := range units {
		if err := failed[unit.Name]; err != nil {
			if failure := x.fails(unit, verb, err); failure != nil {
				return failure
			}
		}
	}
	return nil
}

// together calls the manager and tells of each unit.
func (x *execution) together(batch manager.Batch, verb string, units []manager.Unit, undo bool) map[string]error {
	begin := time.Now()
	call := batch.StopAll
	if verb == "start" {
		call = batch.StartAll
	}
	failed := call(x.watched(verb, units), units)
	x.noteDone(verb, slices.DeleteFunc(slices.Clone(units), func(unit manager.Unit) bool { return failed[unit.Name] != nil }))
	for _, unit := range units {
		x.Observe(Event{Verb: verb, Process: unit.Name, Err: failed[unit.Name], Undo: undo, Took: time.Since(begin)})
	}
	return failed
}

// all takes a step back for all of its units, and gives what failed by name.
func (x *execution) all(verb string, units []manager.Unit) map[string]error {
	if batch, ok := manager.As[manager.Batch](x.Manager); ok {
		_ = x.noteBegun(verb, units) // it gives none in an undo
		return x.together(batch, verb, units, true)
	}
	var mutex sync.Mutex
	failed := map[string]error{}
	x.each(units, func(unit manager.Unit) {
		if err := x.step(verb, unit, true); err != nil {
			mutex.Lock()
			defer mutex.Unlock()
			failed[unit.Name] = err
		}
	})
	return failed
}

// install puts the files of the new units in place of those of the old ones,
// for managers that have such a place.
func (x *execution) install(work Work) *Failure {
	installer, ok := manager.As[manager.Installer](x.Manager)
	if !ok {
		return nil
	}
	if x.soft.Err() != nil {
		return &Failure{Verb: "install", Cause: errInterrupted}
	}
	var old []manager.Unit
	for _, change := range work.Plan.Changes {
		if change.Old != nil {
			old = append(old, *change.Old)
		}
	}
	new := unitsOf(work.Plan)
	if err := x.noteInstall(work.New); err != nil {
		return &Failure{Verb: "install", Cause: err}
	}
	ctx := x.watched("install", nil)
	x.begun = append(x.begun, begun{verb: "install", back: func() error {
		return installer.Install(ctx, without(new, old), old)
	}})
	if err := installer.Install(ctx, without(old, new), new); err != nil {
		return &Failure{Verb: "install", Cause: err}
	}
	return nil
}

// unitsOf the new profile.
func unitsOf(p plan.Plan) []manager.Unit {
	var new []manager.Unit
	for _, change := range p.Changes {
		if change.New != nil {
			new = append(new, *change.New)
		}
	}
	return new
}

// without gives the units that have no namesake among the others.
func without(units, others []manager.Unit) []manager.Unit {
	named := make(map[string]bool, len(others))
	for _, other := range others {
		named[other.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(units), func(unit manager.Unit) bool { return named[unit.Name] })
}
