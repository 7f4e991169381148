package network

import (
	"maps"
	"slices"

	"nixproc/lib/ids"
)

// AssignPerMachine assigns IDs that are unique on each machine: two processes may
// have the same one if no machine has both. A process on several machines has one ID
// on all of them.
func AssignPerMachine(q ids.Question, distribution map[string][]string) (ids.Assignments, error) {
	after := ids.Assignments{IDs: map[string]map[string]int64{}, Last: map[string]int64{}}
	for _, together := range sharing(distribution) {
		part := ids.Question{Pools: q.Pools, Requires: map[string][]string{}, Before: ids.Assignments{IDs: map[string]map[string]int64{}}}
		taken := map[holding]bool{}
		for _, process := range slices.Sorted(slices.Values(together)) {
			if required, found := q.Requires[process]; found {
				part.Requires[process] = required
			}
			for resource, numbers := range q.Before.IDs {
				// Of two that came together with the same number, one keeps it.
				if number, has := numbers[process]; has && !taken[holding{resource, number}] {
					taken[holding{resource, number}] = true
					put(part.Before.IDs, resource, process, number)
				}
			}
		}
		assigned, err := ids.Assign(part)
		if err != nil {
			return after, err
		}
		for resource, numbers := range assigned.IDs {
			for process, number := range numbers {
				put(after.IDs, resource, process, number)
			}
		}
		for resource, last := range assigned.Last {
			after.Last[resource] = max(after.Last[resource], last)
		}
	}
	return after, nil
}

type holding struct {
	resource string
	number   int64
}

func put(all map[string]map[string]int64, resource, process string, number int64) {
	if all[resource] == nil {
		all[resource] = map[string]int64{}
	}
	all[resource][process] = number
}

// sharing are the processes that share machines, directly or through others.
func sharing(distribution map[string][]string) [][]string {
	var processes []Process
	first := map[string]string{} // a process of each machine
	for _, attribute := range slices.Sorted(maps.Keys(distribution)) {
		one := Process{Attribute: attribute}
		for _, machine := range distribution[attribute] {
			if other, found := first[machine]; found {
				one.After = append(one.After, other)
			} else {
				first[machine] = attribute
			}
		}
		processes = append(processes, one)
	}
	return groups(processes)
}
