package network

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"nixproc/lib/plan"
)

// recorder carries out steps in memory: it holds what each of them may rely on, and
// how many are at work.
type recorder struct {
	mu       sync.Mutex
	t        *testing.T
	here     map[Place]string // packages
	busy     map[string]int
	all      int
	fails    func(Step) bool
	without  bool // effect, that is: what fails has done nothing
	log      []string
	stopped  chan struct{}
	left     chan struct{}
	stopsAt  int
	leavesAt int
	maxOfOne int
	maxOfAll int
}

func (r *recorder) do(step Step) error {
	r.mu.Lock()
	r.busy[step.Machine]++
	r.all++
	r.maxOfOne, r.maxOfAll = max(r.maxOfOne, r.busy[step.Machine]), max(r.maxOfAll, r.all)
	r.log = append(r.log, logged(step))
	for _, other := range step.Service.After {
		if r.here[other] == "" && r.fails == nil {
			r.t.Errorf("%v while %v is not there", step, other)
		}
	}
	if len(r.log) == r.stopsAt {
		close(r.stopped)
	}
	leaves := len(r.log) >= r.leavesAt && r.leavesAt > 0
	if len(r.log) == r.leavesAt {
		close(r.left)
	}
	r.mu.Unlock()

	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[step.Machine]--
	r.all--
	if leaves {
		return ErrLeft
	}
	fails := r.fails != nil && r.fails(step)
	switch {
	case fails && r.without:
	case step.Stop:
		delete(r.here, step.Place)
	default:
		r.here[step.Place] = step.Service.Package
	}
	if fails {
		return errors.New("it broke")
	}
	return nil
}

func logged(step Step) string {
	return fmt.Sprint(map[bool]string{true: "-", false: "+"}[step.Stop], step.Process, "@", step.Machine, step.Service.Package)
}

func newRecorder(t *testing.T, here On) *recorder {
	r := &recorder{t: t, here: map[Place]string{}, busy: map[string]int{}, stopped: make(chan struct{}), left: make(chan struct{})}
	for machine, services := range here {
		for name, service := range services {
			r.here[Place{machine, name}] = service.Package
		}
	}
	return r
}

func (r *recorder) transition(jobs int) Transition {
	return Transition{Do: r.do, Stopped: r.stopped, Left: r.left, Jobs: jobs, All: 7}
}

// anyState is a network in which services depend on some that come before them.
func anyState(random *rand.Rand, generation int) On {
	on := On{}
	var places []Place
	for i := range 20 {
		machine, name := fmt.Sprint("m", random.IntN(4)), fmt.Sprint("p", i)
		if random.IntN(5) == 0 {
			continue
		}
		if on[machine] == nil {
			on[machine] = map[string]Deployed{}
		}
		one := Deployed{Package: fmt.Sprint("/", name, "-", random.IntN(2), "-", generation%2*random.IntN(2)), Type: Module}
		for _, other := range places {
			if random.IntN(6) == 0 {
				one.After = append(one.After, other)
			}
		}
		on[machine][name] = one
		places = append(places, Place{machine, name})
	}
	return on
}

var allMachines = []string{"m0", "m1", "m2", "m3"}

func (r *recorder) holds(t *testing.T, what string, want On) {
	t.Helper()
	expected := newRecorder(t, want).here
	if fmt.Sprint(r.here) != fmt.Sprint(expected) {
		t.Errorf("%s: %v, want %v\nsteps: %v", what, r.here, expected, r.log)
	}
}

// Whatever the networks, a transition ends in the new state, in an order in which
// everything finds what it depends on; and if a step fails, wherever, or somebody
// stops it, taking it back ends in the old one.
func TestTransition(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		before, after := anyState(random, 0), anyState(random, 1)
		refreshes := func(old, new Deployed) bool { return strings.HasSuffix(old.Package, "0") && seed%3 == 0 }
		changes := Compare(before, after, allMachines, refreshes)

		// As long as something is stopped, what depends on it may be as well: the
		// order of stops is seen by what is still there.
		r := newRecorder(t, before)
		results, err := r.transition(3).Run(changes)
		if err != nil {
			t.Fatal(err)
		}
		r.holds(t, "done", after)
		if r.maxOfOne > 3 || r.maxOfAll > 7 {
			t.Errorf("%d at work on one machine, %d on all", r.maxOfOne, r.maxOfAll)
		}
		if len(results) == 0 {
			continue
		}

		broken := results[random.IntN(len(results))].Step
		r = newRecorder(t, before)
		once := true
		r.without = seed%2 == 0
		r.fails = func(step Step) bool {
			fails := once && step.Place == broken.Place && step.Stop == broken.Stop
			once = once && !fails
			return fails
		}
		transition := r.transition(2)
		results, err = transition.Run(changes)
		failed := slices.IndexFunc(results, func(o Result) bool { return o.Err != nil })
		if err == nil || failed < 0 || results[failed].Place != broken.Place {
			t.Errorf("%v should have failed: %v, %v", broken, err, results)
		}
		if err := transition.Undo(results); err != nil {
			t.Error(err)
		}
		r.holds(t, "undone", before)

		r = newRecorder(t, before)
		r.stopsAt = 1 + random.IntN(len(results))
		r.fails = func(Step) bool { return false }
		transition = r.transition(2)
		if results, err = transition.Run(changes); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped at %d of %d steps: %v", r.stopsAt, len(results), err)
		}
		if err := transition.Undo(results); err != nil {
			t.Error(err)
		}
		r.holds(t, "stopped and undone", before)
	}
}

// What can't be taken back is said, and the rest is tried all the same.
func TestTransitionIsStuck(t *testing.T) {
	t.Parallel()
	old := func(name string) Deployed { return Deployed{Package: "/old-" + name} }
	now := func(name string) Deployed { return Deployed{Package: "/new-" + name} }
	before, after := On{"m0": {"a": old("a")}, "m1": {"b": old("b")}}, On{"m0": {"a": now("a")}, "m1": {"b": now("b"), "c": now("c")}}
	r := newRecorder(t, before)
	r.without = true
	r.fails = func(step Step) bool { return step.Machine == "m1" && !step.Stop }
	transition := r.transition(1)
	results, err := transition.Run(Compare(before, after, allMachines, func(_, _ Deployed) bool { return false }))
	if err == nil || transition.Undo(results) == nil {
		t.Error("no error")
	}
	r.holds(t, "stuck", On{"m0": before["m0"]})
	if slices.Contains(r.log, "+c@m1/new-c") {
		t.Errorf("something new began after a failure: %v", r.log)
	}
	for _, result := range results {
		if stuck := result.Machine == "m1" && result.Stop; (result.Undo != nil) != stuck {
			t.Errorf("%+v", result)
		}
	}
}

// Once nobody waits any more, nothing new begins: neither a step, nor to take one back.
func TestTransitionIsLeft(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		changes := Compare(anyState(random, 0), anyState(random, 1), allMachines, func(_, _ Deployed) bool { return false })
		r := newRecorder(t, nil)
		r.fails = func(Step) bool { return random.IntN(20) == 0 }
		r.leavesAt = 1 + random.IntN(len(changes))
		transition := r.transition(2)
		transition.Stopped = r.left
		results, err := transition.Run(changes)
		if err == nil {
			continue // it has ended before
		}
		undone := transition.Undo(results)
		if len(r.log) < r.leavesAt {
			continue
		}
		if late := len(r.log) - r.leavesAt; late > 7 || undone == nil {
			t.Errorf("%d steps began when nobody waited; undoing gave %v", late, undone)
		}
		for _, result := range results {
			if result.Begun && result.Undo == nil && !slices.Contains(r.log[:r.leavesAt], logged(result.back())) {
				t.Errorf("%v is said to be undone", result.Step)
			}
		}
	}
}

// What was in the middle is in doubt: it is restarted, or stopped. It stays so after
// another switch that was killed, whatever that one was to do.
func TestInDoubt(t *testing.T) {
	t.Parallel()
	same, old, now := Deployed{Package: "/same"}, Deployed{Package: "/old"}, Deployed{Package: "/new"}
	deployed, pending := On{"m": {"kept": same, "changed": old, "gone": same}}, On{"m": {"kept": same, "changed": now, "came": now}, "n": {"other": now}}
	var got []string
	twice := InDoubt(InDoubt(deployed, pending, nil), deployed, nil)
	for _, change := range Compare(twice, deployed, []string{"m", "n"}, func(_, _ Deployed) bool { return true }) {
		if change.Action != plan.Keep {
			got = append(got, fmt.Sprint(change.Machine, " ", change.Process, " ", change.Action))
		}
	}
	if want := []string{"m came stop", "m changed restart", "m gone restart", "n other stop"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	seen := InDoubt(deployed, pending, []Place{{"m", "changed"}, {"m", "came"}, {"n", "other"}})
	got = nil
	for name, one := range seen["m"] {
		if one.InDoubt {
			got = append(got, name)
		}
	}
	if want := []string{"gone"}; !slices.Equal(got, want) || !seen.Doubtful() || len(seen["m"]) != 3 || len(seen["n"]) != 0 {
		t.Errorf("in doubt are %q, want %q, in %v", got, want, seen)
	}
	// Nor does that lift a doubt that was there before.
	if again := InDoubt(twice, pending, []Place{{"m", "changed"}}); !again["m"]["changed"].InDoubt || deployed.Doubtful() {
		t.Errorf("no doubt in %v", again)
	}
}
