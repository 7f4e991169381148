package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/plan"
)

// tellUndone prints what became of each process that a failed switch was to
// change, and whether it runs now. If nothing was touched, nothing is printed.
func (r *results) tellUndone(ctx context.Context, m manager.Manager, p plan.Plan, failure *deploy.Failure) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.touched) == 0 {
		return
	}
	var changes []plan.Change
	var units []manager.Unit
	for _, change := range p.Changes {
		switch change.Action {
		case plan.Start, plan.Stop, plan.Restart:
			changes = append(changes, change)
			units = append(units, unitNow(change, failure))
		}
	}
	states, err := m.Status(ctx, units)
	if err != nil {
		return // the failure says more than that
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, change := range changes {
		state := states[change.Name]
		now := state.Condition.String()
		if state.PID != 0 && state.Condition == manager.Running {
			now += fmt.Sprintf(", pid %d", state.PID)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", change.Name, change.Action, r.became(change.Name, failure), now)
	}
	table.Flush()
	note("what was to be done, what became of it, and what runs now:\n%s", text.String())
}

// became says what is left of what was done to a process.
func (r *results) became(process string, failure *deploy.Failure) string {
	switch {
	case !r.touched[process]:
		return "not begun"
	case failure.Kept:
		return "not undone"
	case slices.ContainsFunc(failure.Wrong, func(wrong deploy.Wrong) bool { return wrong.Process == process }):
		return "could not be undone"
	}
	return "undone"
}

// unitNow knows where to look for what runs after a failure.
func unitNow(change plan.Change, failure *deploy.Failure) manager.Unit {
	if change.Old == nil || failure.Kept && change.New != nil {
		return *change.New
	}
	return *change.Old
}
