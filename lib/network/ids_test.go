package network

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"nixproc/lib/ids"
)

// On no machine do two processes have the same number; the ranges need no more
// than the fullest machine takes; what was assigned stays.
func TestAssignPerMachine(t *testing.T) {
	t.Parallel()
	distribution := map[string][]string{}
	q := ids.Question{Pools: map[string]ids.Pool{"ports": {Min: 8000, Max: 8009}}, Requires: map[string][]string{}}
	for i := range 50 {
		name := fmt.Sprintf("p%d", i)
		distribution[name] = []string{fmt.Sprintf("machine%d", i%5)}
		q.Requires[name] = []string{"ports"}
	}
	first, err := AssignPerMachine(q, distribution)
	if err != nil {
		t.Fatal(err)
	}
	unique(t, first, distribution)
	q.Before = first
	if again, err := AssignPerMachine(q, distribution); err != nil || fmt.Sprint(again.IDs) != fmt.Sprint(first.IDs) {
		t.Errorf("%v became %v, %v", first, again, err)
	}
	// A process on two machines needs a number that is free on both.
	distribution["p0"] = []string{"machine0", "machine1"}
	q.Pools["ports"] = ids.Pool{Min: 8000, Max: 8029}
	both, err := AssignPerMachine(q, distribution)
	if err != nil {
		t.Fatal(err)
	}
	unique(t, both, distribution)
	q.Pools["ports"] = ids.Pool{Min: 8000, Max: 8004}
	if _, err := AssignPerMachine(q, distribution); err == nil {
		t.Error("ten processes got five numbers")
	}
}

// Whatever moves where, no two on one machine have the same number.
func TestAssignPerMachineAtRandom(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	q := ids.Question{Pools: map[string]ids.Pool{"ports": {Min: 1, Max: 60}}, Requires: map[string][]string{}}
	distribution := map[string][]string{}
	for round := range 200 {
		for i := range 30 {
			name := fmt.Sprintf("p%d", i)
			q.Requires[name] = []string{"ports"}
			distribution[name] = []string{fmt.Sprintf("machine%d", random.IntN(6))}
		}
		after, err := AssignPerMachine(q, distribution)
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		unique(t, after, distribution)
		if t.Failed() {
			t.Fatalf("seed %d, round %d", seed, round)
		}
		q.Before = after
	}
}

func unique(t *testing.T, a ids.Assignments, distribution map[string][]string) {
	t.Helper()
	taken := map[string]string{}
	for process, machines := range distribution {
		for _, machine := range machines {
			at := fmt.Sprintf("%s:%d", machine, a.IDs["ports"][process])
			if other := taken[at]; other != "" {
				t.Errorf("%s and %s both have %s", process, other, at)
			}
			taken[at] = process
		}
	}
}
