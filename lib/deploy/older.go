package deploy

import "nixproc/lib/manager"

// incomparable is what is said of a process that only the framework before this,
// or only we made, where its manager can't compare the two.
const incomparable = "it can't be compared with what the older tools made"

// differences compares the units that the framework before this made with ours
// that take their place, and the other way round: by what can be read of both.
func (t Target) differences(old, new []manager.Unit) map[string]string {
	comparer, compares := manager.As[manager.Comparer](t.Manager)
	olds := make(map[string]manager.Unit, len(old))
	for _, unit := range old {
		olds[unit.Name] = unit
	}
	found := map[string]string{}
	for _, unit := range new {
		before, there := olds[unit.Name]
		// What has no key may be anything, whatever its file says.
		if !there || before.Key == "" || before.Key == unit.Key || before.Foreign == unit.Foreign {
			continue
		}
		found[unit.Name] = incomparable
		if compares {
			found[unit.Name] = comparer.Difference(before, unit)
		}
	}
	return found
}
