// Package deploy executes a plan: it stops and starts processes level by level,
// verifies that what it started runs, and undoes what it did when a step fails.
// It knows units and accounts through their interfaces; it does not decide what
// is to be done.
package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/plan"
	"nixproc/lib/run"
)

// Deployment executes plans with one process manager.
type Deployment struct {
	Manager  manager.Manager
	Accounts accounts.Database // nil leaves accounts alone
	Jobs     int               // how many scripts run side by side, at least 1
	// Settle is how long a started process has to live to count as running.
	Settle time.Duration
	// Timeout is how long a program may run that has no time of its own; 0 is
	// run.DefaultTimeout.
	Timeout time.Duration
	// Observe is told of each step that ends, and of warnings; it may be
	// called by several goroutines at once.
	Observe func(Event)
	// NoRollback leaves everything as it is when a step fails.
	NoRollback bool
	// KeepGoing goes on where a process fails, with all that does not depend on it.
	// No Mover can do that.
	KeepGoing bool
}

// Event is something that happened during an execution.
type Event struct {
	Verb    string        // start, stop, become ready, run, warning
	Process string        // name, or what the verb was done to
	State   manager.State // of run: how it is once it had its time to settle
	Err     error
	Undo    bool // the step takes back an earlier one
	Waiting bool // the step has not ended yet, though it takes long
	Took    time.Duration
}

// Work is what to execute.
type Work struct {
	Plan plan.Plan
	// Old and New are the profiles that the plan compares, "" for none.
	Old, New string
	// Unready were started by a switch that was interrupted, and stay. Nobody has
	// seen that they are ready.
	Unready []manager.Unit
	// Journal is told of each step before it begins; nil for none.
	Journal *journal.Journal
	Create  accounts.Set // accounts that the new profile needs and the old one lacks
	Remove  accounts.Set // accounts that nothing needs afterwards
	// Found is told which of the accounts to create existed already.
	Found func(accounts.Set) error
	// Left is told which of the accounts to remove could not be; nil for nothing.
	Left func(accounts.Set) error
	// Commit makes the new profile the current one.
	Commit func() error
}

// Failure says that a step failed, and what that means for the machine.
type Failure struct {
	Process string // "" if the step was not about a process
	Verb    string
	Cause   error
	Kept    bool    // nothing was undone, because that was asked for
	Wrong   []Wrong // what is not as before; empty if all was undone
	// Moved says that the new profile is the current one all the same, since the
	// switch was to keep going. More failed besides, and Left were not started, or
	// not left running: each depends on the process that it is listed with. Wrong is
	// what may run and should not, then.
	Moved bool
	More  []Fault
	Left  map[string]string
}

// Fault says what a process failed to do.
type Fault struct {
	Process string // "" if the step was not about a process
	Verb    string
	Cause   error
}

func (f Fault) String() string {
	if f.Process == "" {
		return f.Cause.Error()
	}
	return fmt.Sprintf("process '%s' failed to %s: %v", f.Process, f.Verb, f.Cause)
}

// Wrong is a process that could not be put back as it was.
type Wrong struct {
	Process string
	Why     error
	Repair  string // command line
}

func (f *Failure) Error() string {
	var texts []string
	for _, fault := range f.Faults() {
		texts = append(texts, fault.String())
	}
	return strings.Join(texts, "\n")
}

// Faults are all that failed.
func (f *Failure) Faults() []Fault {
	return append([]Fault{{f.Process, f.Verb, f.Cause}}, f.More...)
}

func (f *Failure) Unwrap() error { return f.Cause }

// Undone says whether everything is as it was before.
func (f *Failure) Undone() bool { return !f.Moved && f.Certain() }

// Certain says whether it is known what runs: what ran before, or what is new but
// for what failed.
func (f *Failure) Certain() bool { return !f.Kept && len(f.Wrong) == 0 }

// Run executes the work. When soft ends, no new step begins and what was done
// is undone; when ctx ends, what runs is interrupted and nothing is undone. The
// error is a *Failure.
func (d Deployment) Run(ctx, soft context.Context, work Work) error {
	x := execution{Deployment: d, ctx: run.Within(ctx, d.Timeout), soft: soft, journal: work.Journal, plan: work.Plan}
	failure := x.forward(work)
	if failure == nil {
		x.removeAccounts(work)
		if failure = x.gone(); failure != nil {
			return failure
		}
		return nil
	}
	if d.NoRollback {
		failure.Kept = true
	} else {
		x.undo(failure)
	}
	if ctx.Err() == nil {
		work.Journal.Over()
	}
	return failure
}

func (x *execution) forward(work Work) *Failure {
	if checker, ok := manager.As[manager.Checker](x.Manager); ok && !work.Plan.Empty() {
		if err := checker.MayInstall(x.watched("", nil), unitsOf(work.Plan)); err != nil {
			return &Failure{Verb: "install", Cause: err}
		}
	}
	if err := x.createAccounts(work); err != nil {
		return &Failure{Verb: "create accounts", Cause: err}
	}
	if failure := x.levels("stop", work.Plan.Stops); failure != nil {
		return failure
	}
	// By now, what is to restart has said its last.
	for _, units := range work.Plan.Starts {
		manager.MarkLogs(units)
	}
	if mover, ok := manager.As[manager.Mover](x.Manager); ok {
		if failure := x.move(mover, work); failure != nil {
			return failure
		}
		if failure := x.becomeReady(slices.Concat(work.Unready, slices.Concat(work.Plan.Starts...))); failure != nil {
			return failure
		}
	} else {
		if failure := x.install(work); failure != nil {
			return failure
		}
		if failure := x.becomeReady(work.Unready); failure != nil {
			return failure
		}
		if failure := x.levels("start", work.Plan.Starts); failure != nil {
			return failure
		}
	}
	if failure := x.settle(work.Plan.Starts); failure != nil {
		return failure
	}
	x.takeDown(work.Unready)
	if err := work.Commit(); err != nil {
		return &Failure{Verb: "commit", Cause: err}
	}
	return nil
}
