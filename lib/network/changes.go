package network

import (
	"maps"
	"slices"
	"strings"

	"nixproc/lib/plan"
)

// Leave is what becomes of a process on a machine that is no longer in the
// infrastructure: nobody goes there.
const Leave plan.Action = "leave"

// Deployed is a service as a machine has it.
type Deployed struct {
	Package         string // store path; "" if it is not there
	Type, Container string // by which Dysnomia knows it
	After           []Place
	InDoubt         bool   // whether it is there, or has that package, nobody knows
	Taken           bool   // another network has it so far
	Owner           string // which one, an ID and words for people; "" if that is not known
}

// On says what is on a machine, by the names of services.
type On map[string]map[string]Deployed

// Change is what a deployment does to a process on a machine.
type Change struct {
	Machine, Process string
	Action           plan.Action // start, stop, restart, refresh, keep, skip, leave
	Reason           string
	Old, New         Deployed // empty where it is not there
	Dead             bool     // it was deployed, but did not run
}

// Compare tells what leads from one state to another, on the machines that there
// are. Of two packages of a service, goesOn says whether the process of the one may
// go on running with the other in its place.
func Compare(before, after On, machines []string, goesOn func(old, new Deployed) bool) []Change {
	var changes []Change
	from, to := places(before, after), places(after, before)
	for _, machine := range slices.Sorted(maps.Keys(union(before, after))) {
		for _, name := range slices.Sorted(maps.Keys(union(before[machine], after[machine]))) {
			change := Change{Machine: machine, Process: name, Action: plan.Keep, Old: before[machine][name], New: after[machine][name]}
			old, now := change.Old, change.New
			switch {
			case old.Package == "":
				change.Action, change.Reason = plan.Start, "new"
				if left := from[name]; left != nil {
					change.Reason = "moves here from " + strings.Join(left, ", ")
				}
			case !slices.Contains(machines, machine):
				change.Action, change.Reason = Leave, "the machine is no longer in the infrastructure"
			case now.Package == "":
				change.Action, change.Reason = plan.Stop, "no longer in the model"
				if taken := to[name]; taken != nil {
					change.Reason = "moves to " + strings.Join(taken, ", ")
				} else if elsewhere(after, name) {
					change.Reason = "no longer on this machine"
				} else if len(after) == 0 {
					change.Reason = "undeployed"
				}
			case old.InDoubt:
				change.Action, change.Reason = plan.Restart, "a switch that did not come to its end was at it"
			case now.Package == old.Package && now.Type == old.Type && now.Container == old.Container:
				if old.Taken {
					change.Action, change.Reason = plan.Refresh, "taken over"
				}
			case goesOn(old, now):
				change.Action, change.Reason = plan.Refresh, "only its files changed"
			default:
				change.Action, change.Reason = plan.Restart, "changed"
			}
			changes = append(changes, change)
		}
	}
	return changes
}

// InDoubt adds to what is deployed what a switch was to deploy that did not come to
// its end: where the two differ, nobody knows which is there, but for what was seen to
// be as it was before.
func InDoubt(deployed, pending On, asBefore []Place) On {
	certain := map[Place]bool{}
	for _, place := range asBefore {
		certain[place] = true
	}
	all := On{}
	for machine := range union(deployed, pending) {
		all[machine] = map[string]Deployed{}
		for name := range union(deployed[machine], pending[machine]) {
			old, was := deployed[machine][name]
			begun, is := pending[machine][name]
			one := old
			if certain[Place{machine, name}] {
				if was {
					all[machine][name] = old
				}
				continue
			}
			if !was {
				one = begun
			}
			one.InDoubt = old.InDoubt || was != is || old.Package != begun.Package
			all[machine][name] = one
		}
	}
	return all
}

// Doubtful says whether anything is in doubt.
func (on On) Doubtful() bool {
	for _, there := range on {
		for _, one := range there {
			if one.InDoubt {
				return true
			}
		}
	}
	return false
}

// Revive has what would be kept, but does not run, be started.
func Revive(changes []Change, down func(machine, process string) bool) {
	for i := range changes {
		change := &changes[i]
		if change.Dead = change.Old.Package != "" && down(change.Machine, change.Process); change.Dead && change.Action == plan.Keep {
			change.Action, change.Reason = plan.Start, "did not run"
		}
	}
}

// Skip has the report say so where a machine has what it was given, and does not
// start it: why gives the reason, "" of what it does start.
func Skip(changes []Change, why func(machine, process string) string) {
	for i := range changes {
		change := &changes[i]
		reason := why(change.Machine, change.Process)
		switch {
		case reason == "":
		case change.Action == plan.Start && change.Old.Package == "":
			change.Action, change.Reason = plan.Skip, reason
		case change.Action == plan.Start || change.Action == plan.Restart:
			change.Action, change.Reason = plan.Stop, reason
		}
	}
}

// places are the machines that have a process in one state and not in the other.
func places(in, notIn On) map[string][]string {
	found := map[string][]string{}
	for _, machine := range slices.Sorted(maps.Keys(in)) {
		for name := range in[machine] {
			if notIn[machine][name].Package == "" {
				found[name] = append(found[name], machine)
			}
		}
	}
	return found
}

func elsewhere(on On, name string) bool {
	for _, there := range on {
		if there[name].Package != "" {
			return true
		}
	}
	return false
}

func union[V any](one, other map[string]V) map[string]V {
	all := maps.Clone(other)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, one)
	return all
}
