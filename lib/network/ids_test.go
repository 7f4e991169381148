package network

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"nixproc/lib/ids"
)

// placedOn are services that are where a distribution has them.
func placedOn(distribution map[string][]string) (services []Service) {
	for _, name := range slices.Sorted(maps.Keys(distribution)) {
		services = append(services, Service{Name: name, Process: name, Machines: distribution[name]})
	}
	return services
}

func on(distribution map[string][]string) func(service, machine string) bool {
	return func(service, machine string) bool { return slices.Contains(distribution[service], machine) }
}

// Where two come together with one number, whoever runs there already keeps it: a
// number that changes is a restart.
func TestWhoStaysKeepsItsID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what                 string
		before, distribution map[string][]string
		has, want            map[string]int64
	}{
		{"one moves in",
			map[string][]string{"a": {"m1"}, "b": {"m2"}}, map[string][]string{"a": {"m2"}, "b": {"m2"}},
			map[string]int64{"a": 5, "b": 5}, map[string]int64{"a": 1, "b": 5}},
		{"one moves in, and is elsewhere as well",
			map[string][]string{"a": {"m1"}, "b": {"m2", "m3"}}, map[string][]string{"a": {"m1", "m2"}, "b": {"m2", "m3"}},
			map[string]int64{"a": 5, "b": 5}, map[string]int64{"a": 1, "b": 5}},
		{"one that spreads meets one that moves",
			map[string][]string{"a": {"m3"}, "b": {"m1"}}, map[string][]string{"a": {"m1"}, "b": {"m1", "m2"}},
			map[string]int64{"a": 5, "b": 5}, map[string]int64{"a": 1, "b": 5}},
		{"a new one is on the machines of both",
			map[string][]string{"a": {"m1"}, "b": {"m2"}}, map[string][]string{"a": {"m1"}, "b": {"m2"}, "c": {"m1", "m2"}},
			map[string]int64{"a": 1, "b": 1}, map[string]int64{"a": 1, "b": 1, "c": 2}},
	} {
		q := ids.Question{Pools: map[string]ids.Pool{"ports": {Min: 1, Max: 9}}, Requires: map[string][]string{}}
		q.Before = ids.Assignments{IDs: map[string]map[string]int64{"ports": c.has}, Last: map[string]int64{"ports": 5}}
		for process := range c.distribution {
			q.Requires[process] = []string{"ports"}
		}
		after, err := AssignPerMachine(q, placedOn(c.distribution), on(c.before))
		if got := after.IDs["ports"]; err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.what, got, err, c.want)
		}
		q.Before = after
		if again, err := AssignPerMachine(q, placedOn(c.distribution), on(c.distribution)); err != nil || fmt.Sprint(again) != fmt.Sprint(after) {
			t.Errorf("%s: %v became %v, %v", c.what, after, again, err)
		}
	}
}

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
	first, err := AssignPerMachine(q, placedOn(distribution), on(nil))
	if err != nil {
		t.Fatal(err)
	}
	unique(t, first, distribution)
	q.Before = first
	if again, err := AssignPerMachine(q, placedOn(distribution), on(nil)); err != nil || fmt.Sprint(again.IDs) != fmt.Sprint(first.IDs) {
		t.Errorf("%v became %v, %v", first, again, err)
	}
	// A process on two machines needs a number that is free on both.
	distribution["p0"] = []string{"machine0", "machine1"}
	q.Pools["ports"] = ids.Pool{Min: 8000, Max: 8029}
	both, err := AssignPerMachine(q, placedOn(distribution), on(nil))
	if err != nil {
		t.Fatal(err)
	}
	unique(t, both, distribution)
	q.Pools["ports"] = ids.Pool{Min: 8000, Max: 8004}
	if _, err := AssignPerMachine(q, placedOn(distribution), on(nil)); err == nil {
		t.Error("ten processes got five numbers")
	}
}

// Whatever moves where, no two on one machine have the same number, and what stays
// keeps its own.
func TestAssignPerMachineAtRandom(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	q := ids.Question{Pools: map[string]ids.Pool{"ports": {Min: 1, Max: 60}}, Requires: map[string][]string{}}
	distribution := map[string][]string{}
	for round := range 200 {
		before := maps.Clone(distribution)
		for i := range 30 {
			name := fmt.Sprintf("p%d", i)
			q.Requires[name] = []string{"ports"}
			distribution[name] = []string{fmt.Sprintf("machine%d", random.IntN(6))}
		}
		after, err := AssignPerMachine(q, placedOn(distribution), on(before))
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		unique(t, after, distribution)
		for name, number := range q.Before.IDs["ports"] {
			if now := after.IDs["ports"][name]; slices.Equal(before[name], distribution[name]) && now != number {
				t.Errorf("%s stays, and has %d instead of %d", name, now, number)
			}
		}
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
