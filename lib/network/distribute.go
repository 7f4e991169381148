// Package network says which process of a model is on which machine of a network.
// It knows names and dependencies only; Disnix carries out what it says.
package network

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
)

// Process is a process of a model, as far as its place depends on it.
type Process struct {
	Attribute string
	After     []string // attributes of the processes that it depends on
	Name      string   // by which a machine knows it
}

// Distribute chooses a machine for each process: processes that depend on each
// other get the same one, since a model is written for one machine. The choice
// depends on names alone, by highest random weight
// (https://doi.org/10.1109/90.663936): when a machine comes or goes, no group moves
// but those that go to it, or were on it.
func Distribute(machines []string, processes []Process) (map[string]string, error) {
	if len(machines) == 0 {
		return nil, errors.New("there is no machine to deploy to")
	}
	distribution := make(map[string]string, len(processes))
	// Each name is read once: a thousand machines and a hundred thousand processes
	// are a hundred million weights.
	machines = slices.Sorted(slices.Values(machines))
	marks := make([]uint64, len(machines))
	for i, machine := range machines {
		marks[i] = mark(machine)
	}
	for _, group := range groups(processes) {
		chosen, most := 0, uint64(0)
		for _, attribute := range group {
			own := mix(mark(attribute))
			for i, machine := range marks {
				if weight := mix(machine ^ own); weight > most || weight == most && i < chosen {
					chosen, most = i, weight
				}
			}
		}
		for _, attribute := range group {
			distribution[attribute] = machines[chosen]
		}
	}
	return distribution, nil
}

func mark(name string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	return hash.Sum64()
}

// mix spreads what FNV leaves close together: names that differ in their last
// letters. It is the finalizer of MurmurHash3.
func mix(n uint64) uint64 {
	n ^= n >> 33
	n *= 0xff51afd7ed558ccd
	n ^= n >> 33
	n *= 0xc4ceb9fe1a85ec53
	return n ^ n>>33
}

// groups are the processes that are connected by dependencies, in whichever
// direction.
func groups(processes []Process) [][]string {
	parent := make(map[string]string, len(processes))
	for _, process := range processes {
		parent[process.Attribute] = process.Attribute
	}
	root := func(attribute string) string {
		for parent[attribute] != attribute {
			parent[attribute] = parent[parent[attribute]]
			attribute = parent[attribute]
		}
		return attribute
	}
	for _, process := range processes {
		for _, dependency := range process.After {
			if _, known := parent[dependency]; known {
				parent[root(process.Attribute)] = root(dependency)
			}
		}
	}
	byRoot := map[string][]string{}
	for _, process := range processes {
		r := root(process.Attribute)
		byRoot[r] = append(byRoot[r], process.Attribute)
	}
	return slices.SortedFunc(maps.Values(byRoot), func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
}

// Check says what is wrong with a distribution that somebody has written: machines
// and processes that there are not, processes that are nowhere.
func Check(distribution map[string][]string, machines []string, processes []Process) error {
	var problems []string
	known := map[string]bool{}
	for _, process := range processes {
		known[process.Attribute] = true
		if len(distribution[process.Attribute]) == 0 {
			problems = append(problems, fmt.Sprintf("process '%s' is on no machine", process.Attribute))
		}
	}
	for _, attribute := range slices.Sorted(maps.Keys(distribution)) {
		if !known[attribute] {
			problems = append(problems, fmt.Sprintf("there is no process '%s' in the model", attribute))
		}
		for i, machine := range distribution[attribute] {
			if !slices.Contains(machines, machine) {
				problems = append(problems, fmt.Sprintf("process '%s': there is no machine '%s'", attribute, machine))
			}
			if slices.Contains(distribution[attribute][:i], machine) {
				problems = append(problems, fmt.Sprintf("process '%s' is on '%s' twice", attribute, machine))
			}
		}
	}
	if problems == nil {
		return nil
	}
	return errors.New("the distribution: " + strings.Join(problems, "; "))
}

// Apart says which machines are one, by what tells each from all others; "" tells
// nothing.
func Apart(machines map[string]string) error {
	first := map[string]string{}
	for _, machine := range slices.Sorted(maps.Keys(machines)) {
		self := machines[machine]
		if other, taken := first[self]; taken && self != "" {
			return fmt.Errorf("the machines '%s' and '%s' of the infrastructure are one and the same: take one of them out", other, machine)
		}
		first[self] = machine
	}
	return nil
}

// Alike says which machines would have two processes of one name: where one of them
// is deployed, the other one is replaced.
func Alike(distribution map[string][]string, processes []Process) error {
	var problems []string
	first := map[[2]string]string{}
	for _, process := range processes {
		for _, machine := range distribution[process.Attribute] {
			other, taken := first[[2]string{machine, process.Name}]
			if taken {
				problems = append(problems, fmt.Sprintf("'%s' and '%s' are both called '%s', and both on machine '%s'", other, process.Attribute, process.Name, machine))
			}
			first[[2]string{machine, process.Name}] = process.Attribute
		}
	}
	if problems == nil {
		return nil
	}
	return errors.New("a machine has one process of a name: " + strings.Join(problems, "; ") + ": rename one, or put it on another machine")
}
