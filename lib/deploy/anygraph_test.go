package deploy

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/order"
)

// anyGraph is up to size units, of which each depends on some of those that come
// before it in some order.
func anyGraph(t *testing.T, random *rand.Rand, size int) []manager.Unit {
	units := make([]manager.Unit, random.IntN(size+1))
	for i := range units {
		units[i] = anyUnit(random, fmt.Sprint("p", i))
	}
	return connected(t, random, units)
}

func anyUnit(random *rand.Rand, name string) manager.Unit {
	return manager.Unit{Name: name, Key: fmt.Sprint(random.Uint64()), Files: fmt.Sprint(random.Uint64()), Wanted: true}
}

// connected gives units other dependencies, and their ranks.
func connected(t *testing.T, random *rand.Rand, units []manager.Unit) []manager.Unit {
	random.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
	nodes := make([]order.Node, len(units))
	for i := range units {
		units[i].Requires = nil
		for range min(i, random.IntN(4)) {
			units[i].Requires = append(units[i].Requires, units[random.IntN(i)].Name)
		}
		nodes[i] = order.Node{Name: units[i].Name, Dependencies: units[i].Requires}
	}
	ranks, err := order.Ranks(nodes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range units {
		units[i].Rank = ranks[units[i].Name]
	}
	slices.SortFunc(units, func(a, b manager.Unit) int { return cmp.Compare(a.Name, b.Name) })
	return units
}

// anyChange removes, renames, changes, refreshes and adds some units, each kind
// more or less often, and may connect them otherwise.
func anyChange(t *testing.T, random *rand.Rand, old []manager.Unit) []manager.Unit {
	often := random.IntN(40)
	var new []manager.Unit
	for _, u := range old {
		u.Requires = slices.Clone(u.Requires)
		switch random.IntN(41 - often) {
		case 0: // removed
			continue
		case 1:
			u.Name = "renamed-" + u.Name
		case 2:
			u.Key = fmt.Sprint(random.Uint64())
		case 3:
			u.Files = fmt.Sprint(random.Uint64())
		case 4:
			new = append(new, anyUnit(random, "added-"+u.Name))
		}
		new = append(new, u)
	}
	return connected(t, random, new)
}
