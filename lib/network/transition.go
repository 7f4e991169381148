package network

import (
	"errors"

	"nixproc/lib/plan"
)

// Place is a process on a machine.
type Place struct {
	Machine string `json:"machine"`
	Process string `json:"process"`
}

// Step starts a service on a machine, or stops it.
type Step struct {
	Place
	Stop    bool
	Service Deployed
	Instead Deployed // in whose place it comes, without that being stopped
}

// Transition carries out what leads from one state of a network to another.
type Transition struct {
	// Do carries out one step, and returns when that has ended. It is called for
	// several steps at once.
	Do func(Step) error
	// Stopped is closed when nothing new is to begin, and Left when nothing is to be
	// taken back any more either: then Do gives ErrLeft of what is at work.
	Stopped, Left <-chan struct{}
	// Jobs bounds the steps on one machine at a time, and All those on all of them.
	Jobs, All int
}

// Result is what became of a step.
type Result struct {
	Step
	Begun bool
	Err   error // why it failed, if it did
	Undo  error // why taking it back failed, or ErrStopped if nobody has tried
}

// Results are those of all steps, the stops first.
type Results []Result

// ErrStopped is the error of a transition that was stopped in the middle.
var ErrStopped = errors.New("interrupted")

// ErrLeft is the error of a step that was not waited for: nobody knows whether it has
// ended, and how.
var ErrLeft = errors.New("it may still be at work")

// Run stops what has to stop, dependents first, and then starts what has to start,
// dependencies first; whatever does not wait for another goes side by side. If a step
// fails, or somebody has stopped the transition, nothing new begins.
func (t Transition) Run(changes []Change) (Results, error) {
	var stops, starts []Step
	for _, change := range changes {
		place := Place{change.Machine, change.Process}
		if change.Action == plan.Stop || change.Action == plan.Restart {
			stops = append(stops, Step{Place: place, Stop: true, Service: change.Old})
		}
		if change.Action == plan.Start || change.Action == plan.Restart {
			starts = append(starts, Step{Place: place, Service: change.New})
		}
		if change.Action == plan.Refresh {
			starts = append(starts, Step{Place: place, Service: change.New, Instead: change.Old})
		}
	}
	results := make(Results, 0, len(stops)+len(starts))
	for _, step := range append(stops, starts...) {
		results = append(results, Result{Step: step})
	}
	var errs []error
	run := func(part Results) {
		if errs != nil {
			return
		}
		steps := make([]Step, len(part))
		for i := range part {
			steps[i] = part[i].Step
		}
		begun, failed := t.all(steps, t.Stopped, true)
		for i := range part {
			part[i].Begun, part[i].Err = begun[i], failed[i]
			if failed[i] != nil {
				errs = append(errs, failed[i])
			}
		}
		if errs == nil && over(t.Stopped) {
			errs = append(errs, ErrStopped)
		}
	}
	run(results[:len(stops)])
	run(results[len(stops):])
	return results, errors.Join(errs...)
}

// Undo takes back what has begun: what was to start is stopped, and what was to stop
// is started. That goes for a step that failed, too, since nobody knows how far it
// came. It tries all of them, whatever fails, unless it is left.
func (t Transition) Undo(results Results) error {
	var errs []error
	for _, stops := range []bool{true, false} {
		var which []int
		var steps []Step
		for i, result := range results {
			if result.Begun && result.back().Stop == stops {
				which, steps = append(which, i), append(steps, result.back())
			}
		}
		begun, failed := t.all(steps, t.Left, false)
		for n, i := range which {
			results[i].Undo = failed[n]
			if !begun[n] {
				results[i].Undo = ErrStopped
			}
			if results[i].Undo != nil {
				errs = append(errs, results[i].Undo)
			}
		}
	}
	return errors.Join(errs...)
}

// back is the step that takes a step back.
func (s Step) back() Step {
	if s.Instead.Package != "" {
		return Step{Place: s.Place, Service: s.Instead, Instead: s.Service}
	}
	s.Stop = !s.Stop
	return s
}

func over(stopped <-chan struct{}) bool {
	select {
	case <-stopped:
		return true
	default:
		return false
	}
}

// all carries out steps that are all stops, or all starts. Nothing new begins when
// stopped is closed, or, if failures count, after one.
func (t Transition) all(steps []Step, stopped <-chan struct{}, failuresCount bool) (begun []bool, failed []error) {
	begun, failed = make([]bool, len(steps)), make([]error, len(steps))
	then, waits := waiting(steps)
	queues := map[string][]int{} // by machines: what waits for nothing else
	busy := map[string]int{}
	var machines []string // in the order in which they get something to do
	ready := func(i int) {
		machine := steps[i].Machine
		if _, known := queues[machine]; !known {
			machines = append(machines, machine)
		}
		queues[machine] = append(queues[machine], i)
	}
	for i := range steps {
		if waits[i] == 0 {
			ready(i)
		}
	}
	type end struct {
		step int
		err  error
	}
	ends := make(chan end)
	running, broken := 0, false
	begin := func(machine string) {
		for len(queues[machine]) > 0 && busy[machine] < t.Jobs && running < t.All && !broken && !over(stopped) {
			i := queues[machine][0]
			queues[machine] = queues[machine][1:]
			busy[machine]++
			running++
			begun[i] = true
			go func() { ends <- end{i, t.Do(steps[i])} }()
		}
	}
	for _, machine := range machines {
		begin(machine)
	}
	for running > 0 {
		e := <-ends
		busy[steps[e.step].Machine]--
		running--
		failed[e.step] = e.err
		broken = broken || failuresCount && e.err != nil
		for _, i := range then[e.step] {
			if waits[i]--; waits[i] == 0 {
				ready(i)
			}
		}
		for _, machine := range machines {
			begin(machine)
		}
	}
	return begun, failed
}

// waiting tells which steps wait for which: a start for what it depends on, a stop
// for what depends on it.
func waiting(steps []Step) (then [][]int, waits []int) {
	then, waits = make([][]int, len(steps)), make([]int, len(steps))
	at := map[Place]int{}
	for i, step := range steps {
		at[step.Place] = i
	}
	for i, step := range steps {
		for _, dependency := range step.Service.After {
			other, found := at[dependency]
			switch {
			case !found || other == i:
			case step.Stop:
				then[i] = append(then[i], other)
				waits[other]++
			default:
				then[other] = append(then[other], i)
				waits[i]++
			}
		}
	}
	return then, waits
}
