// Package ids assigns unique numbers (ports, user and group IDs) to the processes
// that require them, from pools, so that a number once assigned stays. It is
// pure: it must not know how a model is evaluated, nor where the numbers are
// kept.
package ids

import (
	"fmt"
	"maps"
	"slices"
)

// Pool is the range of numbers of a resource, both ends included. It may be
// empty: then Min is Max+1.
type Pool struct{ Min, Max int64 }

// Assignments say who has which number.
type Assignments struct {
	IDs  map[string]map[string]int64 // by resource, then by process
	Last map[string]int64            // the number that was assigned last, by resource
}

// Question is what an assignment is made from.
type Question struct {
	Pools    map[string]Pool
	Requires map[string][]string // the resources that each process requires
	Before   Assignments         // what holds so far
}

// DepletedError says that a pool is too small.
type DepletedError struct {
	Resource, Process string
	Pool              Pool
}

func (e *DepletedError) Error() string {
	const advice = "give the resource a larger range of numbers"
	if e.Pool.Max < e.Pool.Min {
		return fmt.Sprintf("process '%s' requires one of '%s', which has no numbers (min is %d, max is %d): %s", e.Process, e.Resource, e.Pool.Min, e.Pool.Max, advice)
	}
	return fmt.Sprintf("no number is left for process '%s': all of '%s', %d to %d, are taken: %s", e.Process, e.Resource, e.Pool.Min, e.Pool.Max, advice)
}

// Assign keeps what still holds, frees the rest, and gives numbers to the
// processes that lack one, in byte order of their names. The search begins
// behind the number that was assigned last, so that a freed one is not soon
// given to somebody else. The error is a *DepletedError.
func Assign(q Question) (Assignments, error) {
	after := Assignments{IDs: map[string]map[string]int64{}, Last: map[string]int64{}}
	wanting := map[string][]string{}
	for _, process := range slices.Sorted(maps.Keys(q.Requires)) {
		for _, resource := range q.Requires[process] {
			wanting[resource] = append(wanting[resource], process)
		}
	}
	for _, resource := range slices.Sorted(maps.Keys(q.Pools)) {
		pool := newPool(q.Pools[resource])
		if last, assigned := q.Before.Last[resource]; assigned {
			pool.last, pool.assigned = last, true
		}
		numbers := map[string]int64{}
		for _, process := range wanting[resource] {
			if number, has := q.Before.IDs[resource][process]; has && pool.contains(number) {
				numbers[process] = number
				pool.taken[number] = true
			}
		}
		for _, process := range wanting[resource] {
			if _, has := numbers[process]; has {
				continue
			}
			number, found := pool.take()
			if !found {
				return Assignments{}, &DepletedError{Resource: resource, Process: process, Pool: pool.Pool}
			}
			numbers[process] = number
		}
		after.IDs[resource] = numbers
		if pool.assigned {
			after.Last[resource] = pool.last
		}
	}
	return after, nil
}

// pool is a Pool from which numbers are taken.
type pool struct {
	Pool
	taken    map[int64]bool
	last     int64
	assigned bool // last is a number
}

func newPool(p Pool) *pool { return &pool{Pool: p, taken: map[int64]bool{}} }

func (p *pool) contains(number int64) bool { return p.Min <= number && number <= p.Max }

// take gives the next free number. All together, the calls look at each number
// of the pool twice at most.
func (p *pool) take() (number int64, found bool) {
	if p.Max < p.Min || int64(len(p.taken))-1 >= p.Max-p.Min {
		return 0, false
	}
	number = p.Min
	if p.assigned {
		number = p.after(p.last)
	}
	for p.taken[number] {
		number = p.after(number)
	}
	p.taken[number] = true
	p.last, p.assigned = number, true
	return number, true
}

// after is the number behind one that may lie outside the pool, as its range
// can change.
func (p *pool) after(number int64) int64 {
	if number < p.Min || number >= p.Max {
		return p.Min
	}
	return number + 1
}

// Changed counts how many numbers were assigned, and how many freed.
func Changed(before, after Assignments) (assigned, freed int) {
	return missing(after, before), missing(before, after)
}

// missing counts what the one has and the other has not.
func missing(one, other Assignments) (count int) {
	for resource, numbers := range one.IDs {
		for process, number := range numbers {
			if there, has := other.IDs[resource][process]; !has || there != number {
				count++
			}
		}
	}
	return count
}
