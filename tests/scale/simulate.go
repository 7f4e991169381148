package main

import "time"

// cost is what each step of a deployment costs.
type cost struct {
	connect, activate, coordinate time.Duration
	cores, transfers, jobs, all   int
	bandwidth                     float64 // Mbit/s
	base, each                    float64 // MB
}

// copy is how long the packages take to all machines: network-switch lets Disnix copy to
// a few of them side by side, so the cable is the bound, or the connections.
func (c cost) copy(machines, each int) time.Duration {
	seconds := float64(machines) * (c.base + float64(each)*c.each) * 8 / c.bandwidth
	return max(time.Duration(seconds*float64(time.Second)), 2*c.missing(machines)) // what is missing, the packages
}

// missing is how long it takes to ask all machines which packages they lack.
func (c cost) missing(machines int) time.Duration {
	return max(time.Duration(machines)*c.connect/time.Duration(c.transfers), c.busy(machines))
}

// around is how long it takes all machines to answer, be locked and so on.
func (c cost) around(machines int) time.Duration {
	return max(time.Duration((machines+c.all-1)/c.all)*c.connect, c.busy(machines))
}

// busy is how long the coordinator's cores have to do with so many calls.
func (c cost) busy(calls int) time.Duration {
	return time.Duration(calls) * c.coordinate / time.Duration(c.cores)
}

// activation is how long so many starts on each machine take: a few at a time on each,
// and so many in the whole network.
func (c cost) activation(machines, each int) time.Duration {
	one := c.connect + c.activate
	calls := machines * each
	return max(time.Duration((each+c.jobs-1)/c.jobs)*one, time.Duration((calls+c.all-1)/c.all)*one, c.busy(calls))
}

// change is how long it takes to stop a process and start another in its place: the
// machines are asked, get what they lack, are locked, told what to keep, unlocked and
// asked again.
func (c cost) change(machines int) time.Duration {
	return 5*c.around(machines) + c.missing(machines) + 2*(c.connect+c.activate)
}

// byDisnix is how long disnix-deploy takes for as many starts: it does one after the
// other over the whole network.
func (c cost) byDisnix(machines, each int) time.Duration {
	return time.Duration(machines*each) * (c.connect + c.activate)
}
