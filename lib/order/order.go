// Package order says in which order processes start and stop: it ranks the
// nodes of a dependency graph, finds its cycles, and turns ranks into the
// two-digit sequence numbers of System V init. It knows names and numbers only,
// neither processes nor process managers. Its results do not depend on the
// order in which nodes are given.
package order

import (
	"fmt"
	"slices"
	"strings"
)

// Node is one process in the graph.
type Node struct {
	Name         string
	Dependencies []string // names; one that no node has is ignored
	Floor        int      // the rank is at least this
	Fixed        bool     // the rank is Floor, whatever the dependencies say
}

// CycleError lists groups of nodes that wait for each other.
type CycleError struct {
	Cycles [][]string // each a path that ends where it began
}

func (e *CycleError) Error() string {
	paths := make([]string, len(e.Cycles))
	for i, cycle := range e.Cycles {
		paths[i] = strings.Join(cycle, " -> ")
	}
	return "the dependencies form a cycle: " + strings.Join(paths, "; ")
}

// Ranks gives each node the smallest rank that is above the ranks of all its
// dependencies. Processes of one rank are independent of each other. The error
// is a *CycleError.
func Ranks(nodes []Node) (map[string]int, error) {
	ranks := make(map[string]int, len(nodes))
	waiting := make(map[string]int, len(nodes))
	dependents := make(map[string][]int, len(nodes))
	known := make(map[string]bool, len(nodes))
	for _, node := range nodes {
		known[node.Name] = true
	}

	var ready []int
	for i, node := range nodes {
		ranks[node.Name] = node.Floor
		for _, dependency := range distinct(node.Dependencies) {
			if known[dependency] && !node.Fixed {
				waiting[node.Name]++
				dependents[dependency] = append(dependents[dependency], i)
			}
		}
		if waiting[node.Name] == 0 {
			ready = append(ready, i)
		}
	}

	done := 0
	for ; len(ready) > 0; done++ {
		node := nodes[ready[len(ready)-1]]
		ready = ready[:len(ready)-1]
		for _, i := range dependents[node.Name] {
			dependent := nodes[i].Name
			ranks[dependent] = max(ranks[dependent], ranks[node.Name]+1)
			if waiting[dependent]--; waiting[dependent] == 0 {
				ready = append(ready, i)
			}
		}
	}
	if done < len(nodes) {
		return nil, &CycleError{Cycles: cycles(nodes)}
	}
	return ranks, nil
}

// Sequence maps ranks to start sequence numbers between low and high, keeping
// their order. Ranks that fit stay as they are; otherwise gaps are closed. More
// distinct ranks than there are numbers is an error: two processes of which one
// needs the other would start in the order of the alphabet.
func Sequence(ranks []int, low, high int) (map[int]int, error) {
	levels := distinct(ranks)
	numbers := make(map[int]int, len(levels))
	if len(levels) == 0 {
		return numbers, nil
	}
	fits := levels[0] >= low && levels[len(levels)-1] <= high
	if !fits && len(levels) > high-low+1 {
		return nil, fmt.Errorf("the dependencies are %d levels deep, but sequence numbers go from %d to %d only", len(levels), low, high)
	}
	for i, level := range levels {
		if numbers[level] = level; !fits {
			numbers[level] = low + i
		}
	}
	return numbers, nil
}

func distinct[T string | int](values []T) []T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
