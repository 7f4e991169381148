package deploy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// Await waits until the programs have ended that interrupted switches have left
// at work, and ends those whose time is up. A daemon that one has just started
// gets the time to show itself, unless the switch has given it already. Where
// nobody knows of a unit in the end that one was to start, what it has started is
// ended, too. It tells in words what it does.
func (t Target) Await(ctx context.Context, tell func(string)) error {
	left, err := t.Interrupted()
	if err != nil || left == nil {
		return err
	}
	ended := map[int]bool{} // those that we have seen the end of, just now
	for _, call := range left.Calls {
		if ended[call.PID], err = await(ctx, call, tell); err != nil {
			return err
		}
	}
	for _, call := range left.Calls {
		for _, name := range call.Units {
			touched := left.Units[name]
			if call.Verb != "start" || touched.Verb != "start" || touched.Done {
				continue
			}
			patient := ended[call.PID] || !left.Over && time.Since(call.Since) < manager.SeenWithin
			if err := t.awaitUnit(ctx, call, touched.Profile, name, patient, tell); err != nil {
				return err
			}
		}
	}
	return nil
}

// await waits for the end of a program, and says whether it was still at work.
func await(ctx context.Context, call journal.Call, tell func(string)) (wasAtWork bool, err error) {
	program := programOf(call)
	for program.Alive() {
		if !wasAtWork && !isForNobody(call) {
			tell(fmt.Sprintf("the last switch was interrupted, and %s is still at work: waiting for its end", call.Line))
		}
		wasAtWork = true
		if isForNobody(call) {
			return wasAtWork, program.End()
		}
		if time.Now().After(call.Until) {
			tell(fmt.Sprintf("the time of %s is up: it is ended", call.Line))
			return wasAtWork, program.End()
		}
		select {
		case <-ctx.Done():
			return wasAtWork, errInterrupted
		case <-time.After(20 * time.Millisecond):
		}
	}
	return wasAtWork, nil
}

// The verbs of programs that need not be waited for: they make a generation, or
// ask whether a process is ready.
const (
	build = "build"
	ready = "ready"
)

func isForNobody(call journal.Call) bool { return call.Verb == build || call.Verb == ready }

// Building gives a context in which the journal hears of each program that makes
// the new generation.
func (t Target) Building(ctx context.Context) context.Context {
	return watched(ctx, t.Journal, build, nil, false)
}

func programOf(call journal.Call) run.Left {
	return run.Left{PID: call.PID, Since: call.Since, Boot: call.Boot}
}

// awaitUnit waits until the manager knows of a unit that a program was to start.
// If it does not get to know of it, what the program has started is ended.
func (t Target) awaitUnit(ctx context.Context, call journal.Call, profile, name string, patient bool, tell func(string)) error {
	units, err := t.units(profile)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(units, func(unit manager.Unit) bool { return unit.Name == name })
	if i < 0 {
		return nil
	}
	unit := units[i]
	if patient {
		// It says why it was not seen, which Status says, too.
		_ = manager.AwaitPIDFile(ctx, call.Line, unit, call.Since)
	}
	states, err := t.Manager.Status(ctx, []manager.Unit{unit})
	if err != nil || states[name].Condition != manager.Stopped || len(programOf(call).Others()) == 0 {
		return err
	}
	tell(fmt.Sprintf("%s was interrupted before it was done: what it has started is ended", call.Line))
	return programOf(call).End()
}
