package plan

import (
	"slices"

	"nixproc/lib/manager"
)

// followChain turns what goes on running into a restart where the manager will
// restart it anyway: something that it depended on stops, or something that it
// depends on now is new.
func followChain(changes []Change, stopsToStart func(manager.Unit) bool) {
	stops, starts := map[string]bool{}, map[string]bool{}
	note := func(change Change) {
		stops[change.Name] = change.Action == Stop || change.Action == Restart ||
			change.Action == Start && change.Old != nil && stopsToStart(*change.Old)
		starts[change.Name] = change.Action == Restart || change.Action == Start && change.Old == nil
	}
	for _, change := range changes {
		note(change)
	}
	for again := true; again; {
		again = false
		for i := range changes {
			change := &changes[i]
			if change.Action != Keep && change.Action != Refresh {
				continue
			}
			if name := firstOf(change.Old.Requires, stops); name != "" {
				change.Reason = "depends on " + name + ", and can't outlive it here"
			} else if name := firstOf(change.New.Requires, starts); name != "" {
				change.Reason = "depends on " + name + " now, and has to start after it here"
			} else {
				continue
			}
			change.Action, again = Restart, true
			note(*change)
		}
	}
}

// firstOf gives the first name that is in the set, "" if none is.
func firstOf(names []string, set map[string]bool) string {
	if i := slices.IndexFunc(names, func(name string) bool { return set[name] }); i >= 0 {
		return names[i]
	}
	return ""
}
