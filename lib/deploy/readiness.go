package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/readiness"
)

const (
	// askedEvery is the pause between two questions at first. It grows to a
	// twentieth of the time that was waited already, so that a command is not run
	// a thousand times.
	askedEvery = 50 * time.Millisecond
	// watchedEvery is the same for the question whether it lives, where only its
	// manager can tell.
	watchedEvery = 500 * time.Millisecond
)

// errUnready is why a wait has ended that took too long.
var errUnready = errors.New("not ready in time")

// becomeReady waits until units that were started are ready, side by side: what
// comes next depends on them. The first that fails ends the wait for the others.
func (x *execution) becomeReady(units []manager.Unit) *Failure {
	ctx, cancel := context.WithCancel(x.ctx)
	defer cancel()
	defer context.AfterFunc(x.soft, cancel)()
	var failure *Failure
	x.ask(ctx, units, func(unit manager.Unit, err error) {
		if failure == nil {
			failure = x.fails(unit, "become ready", err)
		}
		if failure != nil {
			cancel()
		}
	})
	if failure != nil && x.soft.Err() != nil {
		return &Failure{Verb: "start", Cause: errInterrupted}
	}
	return failure
}

// readyAgain waits for units that an undo has started again, since those that
// depend on them are next. It goes on where one does not become ready.
func (x *execution) readyAgain(units []manager.Unit, failed map[string]error, failure *Failure) {
	units = slices.DeleteFunc(slices.Clone(units), func(unit manager.Unit) bool { return failed[unit.Name] != nil })
	x.ask(x.ctx, units, func(unit manager.Unit, err error) {
		failure.Wrong = append(failure.Wrong, Wrong{
			Process: unit.Name, Why: fmt.Errorf("it was started again, but did not become ready: %w", err),
			Repair: x.Manager.Command("stop", unit) + " && " + x.Manager.Command("start", unit),
		})
	})
}

// ask waits for all units that say how they show that they are ready, and tells
// of one failure at a time.
func (x *execution) ask(ctx context.Context, units []manager.Unit, fails func(manager.Unit, error)) {
	var (
		waits sync.WaitGroup
		mutex sync.Mutex
	)
	for _, unit := range units {
		if unit.Readiness == nil {
			continue
		}
		waits.Go(func() {
			begin := time.Now()
			defer x.remind("become ready", unit, x.undoing).Stop()
			if err := x.askUnit(ctx, unit); err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				fails(unit, err)
				return
			}
			x.Observe(Event{Verb: "become ready", Process: unit.Name, Undo: x.undoing, Took: time.Since(begin)})
		})
	}
	waits.Wait()
}

// askUnit waits until a unit is ready, its time is up, or its process has ended.
func (x *execution) askUnit(ctx context.Context, unit manager.Unit) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ctx, cancel := context.WithTimeoutCause(ctx, unit.Readiness.Timeout(), errUnready)
	defer cancel()
	go x.watch(ctx, unit, end)

	asking := watched(ctx, x.journal, ready, []manager.Unit{unit}, x.undoing)
	var last error
	for begin := time.Now(); ; {
		err := readiness.Ask(asking, *unit.Readiness)
		if err == nil {
			return nil
		}
		// The clock of a connection may be ahead of that of the context.
		late := errors.Is(err, readiness.ErrNoAnswer) || errors.Is(err, context.DeadlineExceeded)
		if last == nil || ctx.Err() == nil && !late {
			last = err // and not that the last question was broken off
		}
		select {
		case <-ctx.Done():
			cause := context.Cause(ctx)
			if !errors.Is(cause, errUnready) {
				return cause
			}
			return fmt.Errorf("within %s, %s gave: %w%s", unit.Readiness.Timeout(), readiness.Asked(*unit.Readiness), last, x.lastWords(unit))
		case <-time.After(max(askedEvery, time.Since(begin)/20)):
		}
	}
}

// watch ends the wait for a unit when its process has ended, and no other has
// taken its place since.
func (x *execution) watch(ctx context.Context, unit manager.Unit, end context.CancelCauseFunc) {
	var process manager.State
	var missing time.Time
	for {
		since, alive := pidfile.Started(process.PID)
		if process.PID == 0 || !alive || !since.Equal(process.Since) {
			states, err := x.Manager.Status(ctx, []manager.Unit{unit})
			process = states[unit.Name]
			process.Since, _ = pidfile.Started(process.PID)
			switch {
			case err != nil || process.Condition != manager.Stopped:
				missing = time.Time{}
			case missing.IsZero():
				missing = time.Now()
			case time.Since(missing) >= x.Settle:
				end(x.ended(unit, "it ended before it was ready", process.Detail))
				return
			}
		}
		pause := askedEvery
		if process.PID == 0 && missing.IsZero() {
			pause = watchedEvery
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// gated puts levels together that one command of the manager may start. It
// cuts them where something has to be ready before the next one.
func gated(levels [][]manager.Unit) [][]manager.Unit {
	var parts [][]manager.Unit
	cut := true
	for _, level := range levels {
		if cut {
			parts = append(parts, nil)
		}
		last := &parts[len(parts)-1]
		*last = slices.Concat(*last, level)
		cut = slices.ContainsFunc(level, saysReady)
	}
	return parts
}

// again gives the parts in which units are started again that were stopped by
// one step.
func again(units []manager.Unit) [][]manager.Unit {
	if !slices.ContainsFunc(units, saysReady) {
		return [][]manager.Unit{units}
	}
	units = slices.Clone(units)
	slices.SortStableFunc(units, func(a, b manager.Unit) int { return a.Rank - b.Rank })
	return gated(manager.Levels(units))
}

func saysReady(unit manager.Unit) bool { return unit.Readiness != nil }
