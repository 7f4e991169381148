package ids

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// random gives a model that requires numbers of some pools. Names repeat from
// one model to the next, so that processes come, go and come back.
func random(r *rand.Rand, pools map[string]Pool) map[string][]string {
	requires := map[string][]string{}
	for range r.IntN(12) {
		required := []string{}
		for _, resource := range append(slices.Sorted(maps.Keys(pools)), "no resource") {
			if r.IntN(3) > 0 {
				required = append(required, resource)
			}
		}
		requires[fmt.Sprintf("p%d", r.IntN(20))] = required
	}
	return requires
}

func randomPools(r *rand.Rand) map[string]Pool {
	pools := map[string]Pool{}
	for _, name := range []string{"ports", "uids", "gids"}[:1+r.IntN(3)] {
		lowest := r.Int64N(30)
		pools[name] = Pool{Min: lowest, Max: lowest + r.Int64N(25) - 1}
	}
	return pools
}

// In any history of models and pools: no number twice in a pool, none out of
// range, all that is required and nothing else; who had a number that still
// holds keeps it; without a change nothing changes; what is assigned next is
// the first free number behind the last one; and only a full pool is an error.
func TestHistories(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	assigned, depleted := 0, 0
	for range 2000 {
		var before Assignments
		pools := randomPools(r)
		for range 8 {
			if r.IntN(6) == 0 {
				pools = randomPools(r) // the administrator changes the ranges
			}
			q := Question{Pools: pools, Requires: random(r, pools), Before: before}
			after, err := Assign(q)
			if err != nil {
				checkDepleted(t, q, err)
				depleted++
				continue
			}
			assigned++
			checkNumbers(t, q, after)
			checkLast(t, q, after)
			again, err := Assign(Question{Pools: pools, Requires: q.Requires, Before: after})
			if err != nil || !reflect.DeepEqual(again, after) {
				t.Fatalf("a second assignment changes\n%v to\n%v (%v)", after, again, err)
			}
			before = after
			if r.IntN(10) == 0 {
				before.Last = nil // somebody edited the file
			}
		}
	}
	if assigned < 1000 || depleted < 100 {
		t.Errorf("%d assignments and %d depleted pools show little", assigned, depleted)
	}
}

func wants(q Question, process, resource string) bool {
	return slices.Contains(q.Requires[process], resource)
}

func checkNumbers(t *testing.T, q Question, after Assignments) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(after.IDs)), slices.Sorted(maps.Keys(q.Pools))) {
		t.Fatalf("there are numbers of %v", after.IDs)
	}
	for resource, numbers := range after.IDs {
		owners := map[int64]string{}
		for process, number := range numbers {
			if owner, taken := owners[number]; taken {
				t.Fatalf("%s and %s have %d of %s", owner, process, number, resource)
			}
			owners[number] = process
			if pool := q.Pools[resource]; number < pool.Min || number > pool.Max {
				t.Fatalf("%d is not in %v", number, pool)
			}
			if !wants(q, process, resource) {
				t.Fatalf("%s has a number of %s unasked", process, resource)
			}
		}
		for process := range q.Requires {
			number, has := numbers[process]
			if wants(q, process, resource) != has {
				t.Fatalf("%s lacks a number of %s", process, resource)
			}
			had, before := q.Before.IDs[resource][process]
			if pool := q.Pools[resource]; before && has && had >= pool.Min && had <= pool.Max && number != had {
				t.Fatalf("%s had %d of %s and has %d", process, had, resource, number)
			}
		}
	}
}

// checkLast follows the search from the last assignment before to the one after.
func checkLast(t *testing.T, q Question, after Assignments) {
	t.Helper()
	for resource, pool := range q.Pools {
		kept := map[int64]bool{}
		var fresh []string
		for _, process := range slices.Sorted(maps.Keys(after.IDs[resource])) {
			number := after.IDs[resource][process]
			if had, has := q.Before.IDs[resource][process]; has && had == number {
				kept[number] = true
			} else {
				fresh = append(fresh, process)
			}
		}
		last, has := q.Before.Last[resource]
		for _, process := range fresh {
			candidate := pool.Min
			if has && last+1 >= pool.Min && last+1 <= pool.Max {
				candidate = last + 1
			}
			for kept[candidate] {
				if candidate++; candidate > pool.Max {
					candidate = pool.Min
				}
			}
			if number := after.IDs[resource][process]; number != candidate {
				t.Fatalf("%s was given %d of %s, where %d was next", process, number, resource, candidate)
			}
			kept[candidate] = true
			last, has = candidate, true
		}
		if now, is := after.Last[resource]; is != has || now != last {
			t.Fatalf("the last number of %s is %d (%v), want %d (%v)", resource, now, is, last, has)
		}
	}
	for resource := range after.Last {
		if _, known := q.Pools[resource]; !known {
			t.Fatalf("%s is no resource any more, but has a last number", resource)
		}
	}
}

func checkDepleted(t *testing.T, q Question, err error) {
	t.Helper()
	depleted, ok := errors.AsType[*DepletedError](err)
	if !ok {
		t.Fatal(err)
	}
	count := int64(0)
	for process := range q.Requires {
		if wants(q, process, depleted.Resource) {
			count++
		}
	}
	if pool := q.Pools[depleted.Resource]; count <= pool.Max-pool.Min+1 {
		t.Fatalf("%v, though %d processes have room in %v", err, count, pool)
	}
}

// Ranges at the end of what a number can be do not overflow.
func TestLargestNumbers(t *testing.T) {
	q := Question{
		Pools:    map[string]Pool{"r": {Min: math.MaxInt64 - 1, Max: math.MaxInt64}, "all": {Min: 0, Max: math.MaxInt64}},
		Requires: map[string][]string{"a": {"r", "all"}, "b": {"r"}},
		Before:   Assignments{Last: map[string]int64{"r": math.MaxInt64, "all": math.MaxInt64}},
	}
	after, err := Assign(q)
	if err != nil || after.IDs["r"]["a"] != math.MaxInt64-1 || after.IDs["r"]["b"] != math.MaxInt64 || after.IDs["all"]["a"] != 0 {
		t.Errorf("got %v, %v", after, err)
	}
}

func TestChanged(t *testing.T) {
	before := Assignments{IDs: map[string]map[string]int64{"p": {"kept": 1, "gone": 2, "moved": 3}}}
	after := Assignments{IDs: map[string]map[string]int64{"p": {"kept": 1, "moved": 4}, "q": {"new": 1}}}
	if assigned, freed := Changed(before, after); assigned != 2 || freed != 2 {
		t.Errorf("%d assigned and %d freed, want 2 and 2", assigned, freed)
	}
}

// BenchmarkAssign gives 10,000 processes numbers of a pool of 60,000: to all of
// them, and to a last one when the pool is nearly full and the search begins in
// front of all that is taken.
func BenchmarkAssign(b *testing.B) {
	pools := map[string]Pool{"ports": {Min: 1, Max: 60000}}
	requires := map[string][]string{}
	for i := range 10000 {
		requires[fmt.Sprintf("process%d", i)] = []string{"ports"}
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			if _, err := Assign(Question{Pools: pools, Requires: requires}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("last", func(b *testing.B) {
		full, err := Assign(Question{Pools: map[string]Pool{"ports": {Min: 1, Max: 10001}}, Requires: requires})
		if err != nil {
			b.Fatal(err)
		}
		full.Last["ports"] = 10001
		requires["one more"] = []string{"ports"}
		for b.Loop() {
			if _, err := Assign(Question{Pools: map[string]Pool{"ports": {Min: 1, Max: 10001}}, Requires: requires, Before: full}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
