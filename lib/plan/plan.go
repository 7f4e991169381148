// Package plan compares two profiles and what runs, and says what is to be
// done. It is pure: it asks no one and changes nothing, so the plan that is
// shown is the plan that is run.
package plan

import (
	"cmp"
	"slices"
	"strings"

	"nixproc/lib/manager"
)

// Action is what happens to one process.
type Action string

// The actions.
const (
	Keep    Action = "keep"    // nothing
	Refresh Action = "refresh" // new files, the process goes on
	Restart Action = "restart" // stop the old one, start the new one
	Start   Action = "start"
	Stop    Action = "stop"
	Skip    Action = "skip" // in the profile, but not to be started here

	none Action = "" // it did not run, and is in the profile no longer
)

// Change is one process's part of a plan.
type Change struct {
	Name   string
	Action Action
	Reason string        // in a few words
	Old    *manager.Unit // nil if the old profile does not have the process
	New    *manager.Unit // nil if the new profile does not have it
}

// Plan is a comparison of two profiles.
type Plan struct {
	Changes []Change // sorted by name
	// Stops and Starts are levels: the units of one are independent of each
	// other, each level waits for the one before. Stops come first.
	Stops, Starts [][]manager.Unit
	// Dead names what is stopped though it does not run: so that it is cleaned up
	// after. Who takes the stop back does not start it.
	Dead map[string]bool
}

// Options change what is restarted.
type Options struct {
	// RestartDependents also restarts the processes that depend, directly or
	// not, on one that is restarted.
	RestartDependents bool
	// Chained is set for a manager that restarts dependents by itself: for which
	// units that have died it does (see manager.Chain).
	Chained func(manager.Unit) bool
	// Differences says of units with different keys, by their names, what else is
	// known of that: in which way they are different, "" if they are not.
	Differences map[string]string
}

// Make compares the units of the old and of the new profile. states tells what
// is known of the old ones, and of those new ones that the old profile lacks.
func Make(old, new []manager.Unit, states map[string]manager.State, options Options) Plan {
	p := Plan{Dead: map[string]bool{}}
	olds := byName(old)
	news := byName(new)
	for _, name := range names(old, new) {
		old := olds[name]
		difference, compared := options.Differences[name]
		if compared && difference == "" {
			equal := *old
			equal.Key = news[name].Key
			old = &equal
		}
		change := decide(old, news[name], states[name])
		if compared && change.Action == Restart && states[name].Lost == "" {
			change.Reason = difference
		}
		change.Name = name
		if change.Action != none {
			p.Changes = append(p.Changes, change)
		}
	}
	if options.RestartDependents {
		restartDependents(p.Changes)
	}
	if options.Chained != nil {
		followChain(p.Changes, options.Chained)
	}
	var stops, starts []manager.Unit
	for _, change := range p.Changes {
		if change.Action == Stop || change.Action == Restart {
			stops = append(stops, *change.Old)
			if states[change.Name].Condition == manager.Stopped && states[change.Name].Lost == "" {
				p.Dead[change.Name] = true
			}
		}
		if change.Action == Start || change.Action == Restart {
			starts = append(starts, *change.New)
		}
	}
	p.Stops = levels(stops)
	slices.Reverse(p.Stops)
	p.Starts = levels(starts)
	return p
}

// Empty says whether nothing is to be started or stopped.
func (p Plan) Empty() bool { return len(p.Stops) == 0 && len(p.Starts) == 0 }

// WritesPIDFiles says whether something is to be started that has a pid file.
func (p Plan) WritesPIDFiles() bool {
	return slices.ContainsFunc(slices.Concat(p.Starts...), func(unit manager.Unit) bool { return unit.PIDFile != "" })
}

func decide(old, new *manager.Unit, state manager.State) Change {
	change, condition := Change{Old: old, New: new}, state.Condition
	as := func(action Action, reason string) Change {
		change.Action, change.Reason = action, reason
		return change
	}
	// What can't be seen is taken to be as the old profile left it.
	runs := condition == manager.Running || condition == manager.Unknown && old != nil && old.Wanted
	switch {
	case new != nil && new.Wanted && state.Lost != "":
		// Whatever else there is of it: one that all know is to be left.
		change.Old = cmp.Or(old, new)
		return as(Restart, state.Lost)
	case new == nil && (runs || state.Lost != "" || old.Wanted || condition == manager.Unknown):
		// Also what has died is stopped: its script cleans up. And what may run
		// is: stopping twice does no harm.
		return as(Stop, "no longer in the model")
	case new == nil:
		return as(none, "")
	case old == nil && new.Wanted && condition == manager.Running:
		// Of another deployment, perhaps, or of one that was killed.
		change.Old = new
		return as(Restart, "ran already, and nobody knows as what")
	case old == nil && new.Wanted:
		return as(Start, "new")
	case old == nil:
		return as(Skip, new.WhyNot)
	case !runs && new.Wanted && old.Key == "":
		return as(Start, "a switch of it was interrupted")
	case !runs && new.Wanted && old.Key != new.Key:
		return as(Start, "changed, and did not run")
	case !runs && new.Wanted:
		return as(Start, "did not run")
	case !runs:
		return as(Skip, new.WhyNot)
	case old.Key == "":
		return as(Restart, "a switch of it was interrupted")
	case old.Key != new.Key:
		return as(Restart, "changed")
	case old.Files != new.Files:
		return as(Refresh, "only its files changed")
	}
	return as(Keep, "")
}

// restartDependents turns what goes on running into a restart where it depends
// on a process that does not go on.
func restartDependents(changes []Change) {
	byRank := make([]*Change, 0, len(changes))
	for i := range changes {
		if changes[i].New != nil {
			byRank = append(byRank, &changes[i])
		}
	}
	slices.SortStableFunc(byRank, func(a, b *Change) int { return a.New.Rank - b.New.Rank })
	restarted := map[string]bool{}
	for _, change := range byRank {
		if change.Action == Keep || change.Action == Refresh {
			for _, dependency := range change.New.Requires {
				if change.Old != nil && restarted[dependency] {
					change.Action, change.Reason = Restart, "depends on "+dependency
					break
				}
			}
		}
		restarted[change.Name] = change.Action == Restart
	}
}

// levels groups units by rank, lowest first.
func levels(units []manager.Unit) [][]manager.Unit {
	slices.SortFunc(units, func(a, b manager.Unit) int {
		if a.Rank != b.Rank {
			return a.Rank - b.Rank
		}
		return strings.Compare(a.Name, b.Name)
	})
	return manager.Levels(units)
}

func byName(units []manager.Unit) map[string]*manager.Unit {
	found := make(map[string]*manager.Unit, len(units))
	for i := range units {
		found[units[i].Name] = &units[i]
	}
	return found
}

func names(old, new []manager.Unit) []string {
	all := make([]string, 0, len(old)+len(new))
	for _, unit := range slices.Concat(old, new) {
		all = append(all, unit.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
