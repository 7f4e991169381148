package main

import "time"

// cost is what each step of a deployment costs.
type cost struct {
	connect, activate, coordinate time.Duration
	cores                         int
	bandwidth                     float64 // Mbit/s
	base, each                    float64 // MB
}

// copy is how long the packages take to all machines: Disnix copies to several side
// by side, so the cable is the bound, or the connections.
func (c cost) copy(machines, each int) time.Duration {
	seconds := float64(machines) * (c.base + float64(each)*c.each) * 8 / c.bandwidth
	cable := time.Duration(seconds * float64(time.Second))
	calls := 3 * c.connect // what is missing, the packages, the profile
	return max(cable, calls, c.coordinator(3*machines))
}

// activation runs the machines' queues: Disnix does one activity at a time on each
// of them, and all of them are started by the coordinator, which has so many cores.
// A machine waits for the coordinator whenever that is busy with others.
func (c cost) activation(machines, each int) (time.Duration, string) {
	free := make([]time.Duration, c.cores)        // when a core of the coordinator is free
	ready := make([]time.Duration, machines)      // when a machine is free
	work := c.connect + c.activate - c.coordinate // away from the coordinator
	var end time.Duration
	for range each {
		for machine := range ready {
			core := 0
			for i, at := range free {
				if at < free[core] {
					core = i
				}
			}
			begin := max(ready[machine], free[core])
			free[core] = begin + c.coordinate
			ready[machine] = begin + c.coordinate + work
			end = max(end, ready[machine])
		}
	}
	if alone := time.Duration(each) * (c.connect + c.activate); end < alone+alone/10 {
		return end, "each machine's own queue"
	}
	return end, "the coordinator's cores"
}

func (c cost) coordinator(activities int) time.Duration {
	return time.Duration(activities) * c.coordinate / time.Duration(c.cores)
}
