package deploy

import (
	"path/filepath"

	"nixproc/lib/manager"
)

// incomparable is what is said of a process that only the framework before this,
// or only we made, where its manager can't compare the two.
const incomparable = "it can't be compared with what the older tools made"

// differences compares the units that the framework before this made with ours
// that take their place, and the other way round: by what can be read of both.
func (t Target) differences(old, new []manager.Unit) map[string]string {
	comparer, compares := manager.As[manager.Comparer](t.Manager)
	place := make(map[string]int, len(old))
	for i, unit := range old {
		place[unit.Name] = i
	}
	found := map[string]string{}
	for _, unit := range new {
		i, there := place[unit.Name]
		// What has no key may be anything, whatever its file says.
		if !there || old[i].Key == "" || old[i].Key == unit.Key || old[i].Foreign == unit.Foreign {
			continue
		}
		switch name := filepath.Base(unit.File); {
		case !compares:
			found[unit.Name] = incomparable
		case name != filepath.Base(old[i].File):
			found[unit.Name] = "its file is called " + name + " now" // and so is its unit, or service
		default:
			found[unit.Name] = comparer.Difference(old[i], unit)
		}
	}
	return found
}
