package coordinator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nixproc/lib/network"
)

// Failure is a deployment that failed after a machine was told to do something.
type Failure struct {
	Faults []string // each with its machine: what failed, and then what could not be undone
	Begun  bool     // something was started or stopped
	Left   bool     // it was left at once, at a second signal
	Wrong  bool     // not everything is as it was, or nobody can tell
	After  []Became // of each of the changes

	asBefore []network.Place // what is as it was when the switch began
	certain  []network.Place // what is as the current generation has it
}

// Became is what became of a change of a deployment that failed.
type Became struct {
	Outcome string // "" of what was to stay
	Now     network.Answer
}

func (f *Failure) Error() string {
	switch {
	case f.Wrong && f.Left:
		return "it was stopped at once: nothing more is undone, and what was at work on a machine may still be" + whatNext
	case f.Wrong:
		return "not everything is as it was before, or can be seen to be" + whatNext
	case !f.Begun:
		return "nothing was started or stopped: everything runs as it did before"
	}
	return "all steps were undone: everything runs as it did before"
}

const whatNext = "\nnixproc network-status shows what runs; the same switch again goes on from there, nixproc network-switch --rollback goes back"

// failure asks the machines what became of a deployment that failed. stuck says that
// it could not be undone.
func (c *Coordinator) failure(results network.Results, why error, stuck bool) *Failure {
	f := &Failure{Faults: faults(results), Wrong: stuck}
	if c.Soft.Err() == nil && !slices.ContainsFunc(results, func(r network.Result) bool { return r.Err != nil }) {
		f.Faults = append([]string{why.Error()}, f.Faults...) // it is no step that failed
	}
	f.Begun = slices.ContainsFunc(results, func(r network.Result) bool { return r.Begun })
	both := c.After
	both.Mappings = slices.Concat(c.After.Mappings, c.Before.Mappings)
	answers := c.Ask(c.Hard, both.At(c.After.Targets, Changed(c.Changes)))
	by := results.ByPlace()
	for _, change := range c.Changes {
		answer, answered := answers.Of(change.Machine, change.Process), answers[change.Machine].Err == nil
		place := network.Place{Machine: change.Machine, Process: change.Process}
		of := by[place]
		outcome, wrong := of.Outcome(change, answer, answered)
		f.After, f.Wrong = append(f.After, Became{outcome, answer}), f.Wrong || wrong
		if !of.Seen(change, answer, answered) {
			continue
		}
		f.asBefore = append(f.asBefore, place)
		_, wanted := c.Current[change.Machine][change.Process]
		if there := answer.Package != ""; outcome == "undone" && there == wanted && !(there && answer.Down) {
			f.certain = append(f.certain, place)
		}
	}
	f.Left = c.Hard.Err() != nil
	return f
}

// faults are what failed, each with its machine, and then what could not be undone.
func faults(results network.Results) (text []string) {
	tell := func(what string, result network.Result, err error) {
		switch {
		case err == nil || errors.Is(err, network.ErrStopped):
		case errors.Is(err, network.ErrLeft):
			text = append(text, fmt.Sprintf("%s may still be at work: it was to %s %s", result.Machine, what, result.Process))
		default:
			text = append(text, fmt.Sprintf("could not %s %s on %s:\n  %s", what, result.Process, result.Machine, strings.ReplaceAll(Unanswered(err).Error(), "\n", "\n  ")))
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
