package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"nixproc/lib/manager"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/plan"
)

// networkRow is what --json prints of one process on a machine.
type networkRow struct {
	Machine string `json:"machine"`
	row
}

func networkRows(changes []network.Change, answers map[string]said) []networkRow {
	rows := make([]networkRow, 0, len(changes))
	for _, change := range changes {
		one := networkRow{change.Machine, row{Process: change.Process, Action: string(change.Action), Reason: change.Reason}}
		if change.Action != plan.Stop && change.Action != network.Leave {
			one.PID = answers[change.Machine].of(change.Process).PID
		}
		rows = append(rows, one)
	}
	return rows
}

// planNetwork prints what would be done.
func planNetwork(o *options, w networkWork) error {
	rows := networkRows(w.changes, nil)
	if o.json {
		return printJSON(map[string]any{"processes": rows})
	}
	counts, err := networkTable(w.changes, func(i int) string {
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
func (s *session) networkDone(o *options, w networkWork) error {
	current, _, err := w.where.Current()
	if err != nil {
		return err
	}
	asked := changed(w.changes)
	if o.json { // also of what was kept
		asked = mapped(w.after)
	}
	answers := s.ask(s.ctx, w, w.after.At(w.after.Targets, asked))
	warnNetwork(w.changes, answers)
	rows := networkRows(w.changes, answers)
	if o.json {
		return printJSON(map[string]any{"generation": current.Number, "processes": rows})
	}
	counts, err := networkTable(w.changes, func(i int) string {
		pid := ""
		if rows[i].PID != 0 {
			pid = fmt.Sprintf("pid %d", rows[i].PID)
		}
		return fmt.Sprintf("%s\t%s\t%s", past[w.changes[i].Action], pid, rows[i].Reason)
	})
	if err == nil {
		_, err = fmt.Printf("%s: generation %d\n", summary(counts, past), current.Number)
	}
	return err
}

// warnNetwork tells of what was deployed, but is not seen running.
func warnNetwork(changes []network.Change, answers map[string]said) {
	for _, machine := range slices.Sorted(maps.Keys(answers)) {
		if answer := answers[machine]; answer.err != nil {
			note("warning: %s does not answer: whether its processes run can't be seen: %v", machine, answer.err)
		}
	}
	for _, change := range changes {
		switch answer := answers[change.Machine].of(change.Process); {
		case change.Action == network.Leave:
			note("warning: %s stays on %s as it is: the machine is no longer in the infrastructure, and nobody goes there", change.Process, change.Machine)
		case change.New.Package != "" && answer.Down:
			note("warning: %s does not run on %s: %s", change.Process, change.Machine, answer.Detail)
		}
	}
}

// networkFailed tells what became of a deployment that failed: at which machine,
// with which process, what was said, what runs now, and what to do. stuck says that
// it could not be undone.
func (s *session) networkFailed(o *options, w networkWork, results network.Results, why error, stuck bool) *networkError {
	text := faults(results)
	if text == nil && s.soft.Err() == nil {
		text = []string{why.Error()}
	}
	for _, one := range text {
		note("%s", one)
	}
	begun := slices.ContainsFunc(results, func(r network.Result) bool { return r.Begun })
	rows, failure := s.networkRowsAfter(w, results)
	if begun {
		tellNetwork(rows)
	}
	failure.wrong = failure.wrong || stuck
	switch {
	case failure.wrong && s.ctx.Err() != nil:
		failure.text = "it was stopped at once: nothing more is undone, and what was at work on a machine may still be"
	case failure.wrong:
		failure.text = "not everything is as it was before, or can be seen to be"
	case !begun:
		failure.text = "nothing was started or stopped: everything runs as it did before"
	default:
		failure.text = "all steps were undone: everything runs as it did before"
	}
	if failure.wrong {
		failure.text += "\nnixproc network-status shows what runs; the same switch again goes on from there, nixproc network-switch --rollback goes back"
	}
	if o.json {
		current, _, err := w.where.Current()
		if err == nil {
			err = printJSON(map[string]any{"generation": current.Number, "processes": rows, "error": strings.Join(append(text, failure.text), "\n")})
		}
		if err != nil {
			note("%v", err)
		}
	}
	return failure
}

// faults are what failed, each with its machine, and then what could not be undone.
func faults(results network.Results) (text []string) {
	tell := func(what string, result network.Result, err error) {
		switch {
		case err == nil || errors.Is(err, network.ErrStopped):
		case errors.Is(err, network.ErrLeft):
			text = append(text, fmt.Sprintf("%s may still be at work: it was to %s %s", result.Machine, what, result.Process))
		default:
			text = append(text, fmt.Sprintf("could not %s %s on %s:\n  %s", what, result.Process, result.Machine, strings.ReplaceAll(unanswered(err).Error(), "\n", "\n  ")))
		}
	}
	verb := map[bool]string{true: "stop", false: "start"}
	for _, result := range results {
		tell(verb[result.Stop], result, result.Err)
	}
	for _, result := range results {
		tell("undo the "+verb[result.Stop]+" of", result, result.Undo)
	}
	return text
}

// networkRowsAfter asks what runs after a failure, and says what is as it was before.
func (s *session) networkRowsAfter(w networkWork, results network.Results) (rows []networkRow, failure *networkError) {
	failure = &networkError{}
	both := w.after
	both.Mappings = slices.Concat(w.after.Mappings, w.before.Mappings)
	answers := s.ask(s.ctx, w, both.At(w.after.Targets, changed(w.changes)))
	rows = networkRows(w.changes, nil)
	by := results.ByPlace()
	for i, change := range w.changes {
		answer := answers[change.Machine].of(change.Process)
		rows[i].Condition = answer.Condition
		if answer.Condition == manager.Running.String() {
			rows[i].PID = answer.PID
		}
		place := network.Place{Machine: change.Machine, Process: change.Process}
		of := by[place]
		answered := answers[change.Machine].err == nil
		outcome, wrong := of.Outcome(change, answer, answered)
		rows[i].Outcome, failure.wrong = outcome, failure.wrong || wrong
		if !of.Seen(change, answer, answered) {
			continue
		}
		failure.asBefore = append(failure.asBefore, place)
		_, wanted := w.current[change.Machine][change.Process]
		if there := answer.Package != ""; outcome == "undone" && there == wanted && !(there && answer.Down) {
			failure.certain = append(failure.certain, place)
		}
	}
	return rows, failure
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

// mapped are the machines that have something.
func mapped(n manifestxml.Network) map[string]bool {
	used := map[string]bool{}
	for _, m := range n.Mappings {
		used[m.Target] = true
	}
	return used
}

// changed are the machines on which something happens.
func changed(changes []network.Change) map[string]bool {
	used := map[string]bool{}
	for _, change := range changes {
		if change.Action != plan.Keep {
			used[change.Machine] = true
		}
	}
	return used
}
