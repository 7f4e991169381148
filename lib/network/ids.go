package network

import (
	"maps"
	"slices"

	"nixproc/lib/ids"
)

// AssignPerMachine assigns IDs that are unique on each machine: two processes may
// have the same one if no machine has both. A process on several machines has one ID
// on all of them. Where two come together that have the same one, the one that stays on
// more machines keeps it, since it runs there: was says where services are so far.
func AssignPerMachine(q ids.Question, services []Service, was func(service, machine string) bool) (ids.Assignments, error) {
	after := ids.Assignments{IDs: map[string]map[string]int64{}, Last: map[string]int64{}}
	machines, stays := map[string][]string{}, map[string]int{}
	for _, service := range services {
		for _, machine := range service.Machines {
			machines[service.Process] = append(machines[service.Process], machine)
			if was(service.Name, machine) {
				stays[service.Process]++
			}
		}
	}
	byName := slices.Sorted(maps.Keys(machines))
	byStays := slices.Clone(byName)
	slices.SortStableFunc(byStays, func(a, b string) int { return stays[b] - stays[a] })
	for _, resource := range slices.Sorted(maps.Keys(q.Pools)) {
		pool, taken, numbers := q.Pools[resource], taken{}, map[string]int64{}
		after.IDs[resource] = numbers
		if last, assigned := q.Before.Last[resource]; assigned {
			after.Last[resource] = last
		}
		for _, process := range byStays {
			number, has := q.Before.IDs[resource][process]
			if has && slices.Contains(q.Requires[process], resource) && pool.Min <= number && number <= pool.Max && taken.free(machines[process], number) {
				numbers[process] = number
				taken.take(machines[process], number)
			}
		}
		for _, process := range byName {
			if _, has := numbers[process]; has || !slices.Contains(q.Requires[process], resource) {
				continue
			}
			number := pool.Min
			for number < pool.Max && !taken.free(machines[process], number) {
				number++
			}
			if number > pool.Max || !taken.free(machines[process], number) {
				return ids.Assignments{}, &ids.DepletedError{Resource: resource, Process: process, Pool: pool}
			}
			numbers[process], after.Last[resource] = number, number
			taken.take(machines[process], number)
		}
	}
	return after, nil
}

// taken are the numbers that each machine has.
type taken map[string]map[int64]bool

func (t taken) take(machines []string, number int64) {
	for _, machine := range machines {
		if t[machine] == nil {
			t[machine] = map[int64]bool{}
		}
		t[machine][number] = true
	}
}

func (t taken) free(machines []string, number int64) bool {
	return !slices.ContainsFunc(machines, func(machine string) bool { return t[machine][number] })
}
