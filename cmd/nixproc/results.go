package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/network"
	"nixproc/lib/plan"
)

// results collects what became of each process.
type results struct {
	mutex   sync.Mutex
	states  map[string]manager.State
	touched map[string]bool // what was begun to be started or stopped
}

func newResults(before map[string]manager.State) *results {
	return &results{states: before, touched: map[string]bool{}}
}

// observe tells of a step as it ends.
func (r *results) observe(event deploy.Event) {
	if event.Verb == "warning" {
		note("warning: %s", event.Process)
		return
	}
	if event.Waiting {
		note("still waiting for %s to %s", event.Process, event.Verb)
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if event.Verb == "run" {
		r.states[event.Process] = event.State
		return
	}
	r.touched[event.Process] = true
	did := map[string]string{"start": "started", "stop": "stopped"}[event.Verb]
	if event.Err != nil {
		note("could not %s %s", event.Verb, event.Process)
		return
	}
	text := fmt.Sprintf("%s %s (%s)", did, event.Process, event.Took.Round(time.Millisecond))
	if event.Verb == "become ready" {
		text = fmt.Sprintf("%s is ready (%s)", event.Process, event.Took.Round(time.Millisecond))
	}
	if event.Undo {
		text = "undo: " + text
	}
	note("%s", text)
}

var past = map[plan.Action]string{
	plan.Keep: "kept", plan.Refresh: "refreshed", plan.Restart: "restarted",
	plan.Start: "started", plan.Stop: "stopped", plan.Skip: "skipped",
	network.Leave: "left",
}

// row is what --json prints of one process.
type row struct {
	Process string `json:"process"`
	Action  string `json:"action"` // keep, refresh, restart, start, stop, skip
	Reason  string `json:"reason,omitempty"`
	PID     int    `json:"pid,omitempty"`
	// After a failure only:
	Outcome   string `json:"outcome,omitempty"`   // of what was to be started or stopped
	Condition string `json:"condition,omitempty"` // running, stopped, unknown
	Error     string `json:"error,omitempty"`
	Repair    string `json:"repair,omitempty"` // a command line
}

// now says whether the process runs.
func (r row) now() string {
	if r.PID == 0 {
		return r.Condition
	}
	return fmt.Sprintf("%s, pid %d", r.Condition, r.PID)
}

func (r *results) rows(p plan.Plan) []row {
	rows := make([]row, 0, len(p.Changes))
	for _, change := range p.Changes {
		one := row{Process: change.Name, Action: string(change.Action), Reason: change.Reason}
		if change.Action != plan.Stop {
			one.PID = r.states[change.Name].PID
		}
		rows = append(rows, one)
	}
	return rows
}

// print prints the table of a switch that worked: what was done, and how many
// were left alone.
func (r *results) print(p plan.Plan, generation int, asJSON bool) error {
	if asJSON {
		return printJSON(map[string]any{"generation": generation, "processes": r.rows(p)})
	}
	counts := map[plan.Action]int{}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for i, row := range r.rows(p) {
		action := p.Changes[i].Action
		counts[action]++
		if action == plan.Keep {
			continue
		}
		pid := ""
		if row.PID != 0 {
			pid = fmt.Sprintf("pid %d", row.PID)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", row.Process, past[action], pid, row.Reason)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if generation == 0 { // recover goes back to where nothing was deployed
		_, err := fmt.Printf("%s: nothing is deployed\n", summary(counts, past))
		return err
	}
	_, err := fmt.Printf("%s: generation %d\n", summary(counts, past), generation)
	return err
}

// printFailed prints what became of a switch that failed, for programs.
func printFailed(rows []row, generation int, failure *deploy.Failure) error {
	return printJSON(map[string]any{"generation": generation, "processes": rows, "error": failure.Error()})
}

// printPlan prints what would be done.
func (r *results) printPlan(p plan.Plan, asJSON bool) error {
	if asJSON {
		return printJSON(map[string]any{"processes": r.rows(p)})
	}
	counts := map[plan.Action]int{}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, change := range p.Changes {
		counts[change.Action]++
		if change.Action != plan.Keep {
			fmt.Fprintf(table, "%s\t%s\t%s\n", change.Name, change.Action, change.Reason)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Printf("would do: %s\n", summary(counts, nil))
	return err
}

func summary(counts map[plan.Action]int, words map[plan.Action]string) string {
	var parts []string
	for _, action := range []plan.Action{plan.Start, plan.Stop, plan.Restart, plan.Refresh, plan.Skip, network.Leave, plan.Keep} {
		word := words[action]
		if words == nil {
			word = string(action)
		}
		if counts[action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[action], word))
		}
	}
	if len(parts) == 0 {
		return "no processes"
	}
	return strings.Join(parts, ", ")
}

func printJSON(value any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	return encoder.Encode(value)
}
