package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"nixproc/lib/coordinator"
	"nixproc/lib/manager"
	"nixproc/lib/network"
	"nixproc/lib/plan"
)

// networkRow is what --json prints of one process on a machine.
type networkRow struct {
	Machine string `json:"machine"`
	row
}

func networkRows(changes []network.Change, answers coordinator.Answers) []networkRow {
	rows := make([]networkRow, 0, len(changes))
	for _, change := range changes {
		one := networkRow{change.Machine, row{Process: change.Process, Action: string(change.Action), Reason: change.Reason}}
		if change.Action != plan.Stop && change.Action != network.Leave {
			one.PID = answers.Of(change.Machine, change.Process).PID
		}
		rows = append(rows, one)
	}
	return rows
}

// planNetwork prints what would be done.
func planNetwork(o *options, c *coordinator.Coordinator) error {
	rows := networkRows(c.Changes, nil)
	if o.json {
		return printJSON(map[string]any{"processes": rows})
	}
	counts, err := networkTable(c.Changes, func(i int) string {
		return fmt.Sprintf("%s\t%s", rows[i].Action, rows[i].Reason)
	})
	if err == nil {
		_, err = fmt.Printf("would do: %s\n", summary(counts, nil))
	}
	return err
}

// networkTable prints a line for each process with which something happens, and
// counts what happens.
func networkTable(changes []network.Change, columns func(i int) string) (map[plan.Action]int, error) {
	counts := map[plan.Action]int{}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for i, change := range changes {
		counts[change.Action]++
		if change.Action != plan.Keep {
			fmt.Fprintf(table, "%s\t%s\t%s\n", change.Machine, change.Process, columns(i))
		}
	}
	return counts, table.Flush()
}

// networkDone prints what was done, and what runs now: each machine is asked once.
func (s *session) networkDone(o *options, c *coordinator.Coordinator) error {
	current, _, err := c.Where.Current()
	if err != nil {
		return err
	}
	asked := coordinator.Changed(c.Changes)
	if o.json { // also of what was kept
		asked = coordinator.Mapped(c.After)
	}
	answers := c.Ask(s.ctx, c.After.At(c.After.Targets, asked))
	network.Skip(c.Changes, func(machine, process string) string {
		answer := answers.Of(machine, process)
		if answer.Condition == manager.Running.String() {
			return ""
		}
		return answer.Skipped
	})
	warnNetwork(c.Changes, answers)
	rows := networkRows(c.Changes, answers)
	if o.json {
		return printJSON(map[string]any{"generation": current.Number, "processes": rows})
	}
	counts, err := networkTable(c.Changes, func(i int) string {
		pid := ""
		if rows[i].PID != 0 {
			pid = fmt.Sprintf("pid %d", rows[i].PID)
		}
		return fmt.Sprintf("%s\t%s\t%s", past[c.Changes[i].Action], pid, rows[i].Reason)
	})
	if err == nil {
		_, err = fmt.Printf("%s: generation %d\n", summary(counts, past), current.Number)
	}
	return err
}

// warnNetwork tells of what was deployed, but is not seen running.
func warnNetwork(changes []network.Change, answers coordinator.Answers) {
	for _, machine := range slices.Sorted(maps.Keys(answers)) {
		if answer := answers[machine]; answer.Err != nil {
			note("warning: %s does not answer: whether its processes run can't be seen: %v", machine, answer.Err)
		}
	}
	for _, change := range changes {
		switch answer := answers.Of(change.Machine, change.Process); {
		case change.Action == network.Leave:
			note("warning: %s stays on %s as it is: the machine is no longer in the infrastructure, and nobody goes there", change.Process, change.Machine)
		case change.Action == plan.Skip:
			note("warning: %s is not started on %s: %s", change.Process, change.Machine, change.Reason)
		case change.New.Package != "" && answer.Down:
			note("warning: %s does not run on %s: %s", change.Process, change.Machine, cmp.Or(answer.Detail, answer.Condition))
		}
	}
}

// networkFailed tells what became of a deployment that failed: at which machine,
// with which process, what was said, and what runs now. What to do is in the error.
func networkFailed(o *options, c *coordinator.Coordinator, failure *coordinator.Failure) {
	for _, fault := range failure.Faults {
		note("%s", fault)
	}
	rows := networkRows(c.Changes, nil)
	for i, became := range failure.After {
		rows[i].Outcome, rows[i].Condition = became.Outcome, became.Now.Condition
		if became.Now.Condition == manager.Running.String() {
			rows[i].PID = became.Now.PID
		}
	}
	if failure.Begun {
		tellNetwork(rows)
	}
	if !o.json {
		return
	}
	current, _, err := c.Where.Current()
	if err == nil {
		err = printJSON(map[string]any{"generation": current.Number, "processes": rows, "error": strings.Join(append(failure.Faults, failure.Error()), "\n")})
	}
	if err != nil {
		note("%v", err)
	}
}

func tellNetwork(rows []networkRow) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row.Outcome == "" {
			continue
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", row.Machine, row.Process, row.Action, row.Outcome, row.now())
	}
	table.Flush()
	note("what was to be done, what became of it, and what runs now:\n%s", text.String())
}
