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

// rowsAfter are the rows of a switch that failed: what became of each process,
// and, unless its manager can't tell, whether it runs now.
func (r *results) rowsAfter(ctx context.Context, m manager.Manager, p plan.Plan, failure *deploy.Failure) []row {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	units := make([]manager.Unit, len(p.Changes))
	for i, change := range p.Changes {
		units[i] = unitNow(change, failure)
	}
	states, err := m.Status(ctx, units)
	rows := make([]row, len(p.Changes))
	for i, change := range p.Changes {
		rows[i] = row{Process: change.Name, Action: string(change.Action), Reason: change.Reason}
		switch change.Action {
		case plan.Start, plan.Stop, plan.Restart:
			r.became(&rows[i], failure)
		}
		if state := states[change.Name]; err == nil {
			rows[i].Condition = state.Condition.String()
			if state.Condition == manager.Running {
				rows[i].PID = state.PID
			}
		}
	}
	return rows
}

// tellFailed prints what became of each process that a failed switch was to
// change, and whether it runs now. If nothing was touched, nothing is printed.
func (r *results) tellFailed(rows []row) {
	if len(r.touched) == 0 {
		return
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row.Outcome == "" {
			continue
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", row.Process, row.Action, row.Outcome, row.now())
	}
	table.Flush()
	note("what was to be done, what became of it, and what runs now:\n%s", text.String())
}

// became says what is left of what was done to a process.
func (r *results) became(row *row, failure *deploy.Failure) {
	faulty, wrong := false, false
	for _, fault := range failure.Faults() {
		if fault.Process == row.Process {
			faulty, row.Error = true, fault.String()
		}
	}
	for _, one := range failure.Wrong {
		if one.Process == row.Process && !wrong {
			wrong, row.Repair = true, one.Repair
		}
	}
	why, left := failure.Left[row.Process]
	switch {
	case failure.Moved && faulty:
		row.Outcome = "failed"
	case left && wrong:
		row.Outcome = "could not be left out"
	case left:
		row.Outcome, row.Error = "left out", fmt.Sprintf("it depends on '%s', which failed", why)
	case failure.Moved:
		row.Outcome = "done"
	case !r.touched[row.Process]:
		row.Outcome = "not begun"
	case failure.Kept:
		row.Outcome = "not undone"
	case wrong:
		row.Outcome = "could not be undone"
	default:
		row.Outcome = "undone"
	}
}

// unitNow knows where to look for what runs after a failure.
func unitNow(change plan.Change, failure *deploy.Failure) manager.Unit {
	stuck := slices.ContainsFunc(failure.Wrong, func(wrong deploy.Wrong) bool { return wrong.Process == change.Name })
	newer := failure.Kept || failure.Moved && !stuck
	if change.Old == nil || newer && change.New != nil {
		return *change.New
	}
	return *change.Old
}
