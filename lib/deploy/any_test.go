package deploy

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/plan"
	"nixproc/lib/profile"
)

// anySwitch is a switch between two graphs, on a machine on which some processes
// of the old one have died.
type anySwitch struct {
	*anyMachine
	t                  *testing.T
	random             *rand.Rand
	old, new           string // profiles
	restartsDependents bool
	before             map[string]aProcess
}

// manyTimes does something to other switches for some time, and at least ten
// times. The seed is a new one each time.
func manyTimes(t *testing.T, long time.Duration, size int, act func(s *anySwitch)) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed is %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	times := 0
	for begin := time.Now(); (times < 10 || time.Since(begin) < long) && !t.Failed(); times++ {
		s := &anySwitch{t: t, random: random, old: "/old", new: "/new", restartsDependents: random.IntN(4) == 0}
		old := anyGraph(t, random, size)
		s.anyMachine = &anyMachine{
			profiles: map[string][]manager.Unit{"/old": old, "/new": anyChange(t, random, old)},
			running:  map[string]aProcess{}, dead: map[string]bool{}, fails: map[int]fault{}, died: map[string]bool{},
			jobs: 1 + random.IntN(8), pid: 1 << 23, // above all real ones
		}
		for path := range s.profiles {
			for i := range s.profiles[path] {
				s.profiles[path][i].Profile = path
			}
		}
		for _, u := range old {
			if s.dead[u.Name] = random.IntN(20) == 0; !s.dead[u.Name] {
				s.pid++
				s.running[u.Name] = aProcess{s.pid, u}
			}
		}
		s.before = s.now()
		act(s)
		for _, problem := range s.problems {
			t.Error(problem)
		}
	}
	t.Logf("%d switches", times)
}

func (s *anySwitch) plan(from, to string) plan.Plan {
	units := slices.Concat(s.profiles[from], s.profiles[to])
	states, _ := s.Status(context.Background(), units)
	return plan.Make(s.profiles[from], s.profiles[to], states, plan.Options{RestartDependents: s.restartsDependents})
}

// count of the steps that a plan takes.
func count(p plan.Plan) int {
	return len(slices.Concat(p.Stops...)) + len(slices.Concat(p.Starts...))
}

// execute gives how it ended, and whether the profile moved.
func (s *anySwitch) execute(soft context.Context, work Work) (failure *Failure, committed bool) {
	s.touched = map[string]bool{}
	for _, u := range slices.Concat(slices.Concat(work.Plan.Stops...), slices.Concat(work.Plan.Starts...)) {
		s.touched[u.Name] = true
	}
	commit := work.Commit
	work.Commit = func() error {
		committed = true
		if commit != nil {
			return commit()
		}
		return nil
	}
	d := Deployment{Manager: s.anyMachine, Jobs: s.jobs, KeepGoing: s.faulty != nil, Observe: func(Event) {}}
	if err := d.Run(context.Background(), soft, work); err != nil && !errors.As(err, &failure) {
		s.t.Fatal(err)
	}
	return failure, committed
}

// runs says whether exactly the processes of a profile run, and whether those
// are the same as before that a plan keeps.
func (s *anySwitch) runs(what, profile string, p plan.Plan) {
	now := s.now()
	for _, u := range s.profiles[profile] {
		if now[u.Name].unit.Key != u.Key {
			s.t.Errorf("%s: %s runs as %+v", what, u.Name, now[u.Name])
		}
		delete(now, u.Name)
	}
	for name := range now {
		s.t.Errorf("%s: %s runs still", what, name)
	}
	now = s.now()
	for _, change := range p.Changes {
		if kept := change.Action == plan.Keep || change.Action == plan.Refresh; kept && now[change.Name].pid != s.before[change.Name].pid {
			s.t.Errorf("P9: %s: %s was kept, and is another process", what, change.Name)
		}
	}
}

// isAsBefore says whether what runs is what ran: where no step was about it, the
// very same processes.
func (s *anySwitch) isAsBefore(but []Wrong) {
	now := s.now()
	wrong := func(name string) bool {
		return slices.ContainsFunc(but, func(w Wrong) bool { return w.Process == name })
	}
	for name, process := range s.before {
		is, runs := now[name]
		if (!runs || is.unit.Key != process.unit.Key || !s.touched[name] && is.pid != process.pid) && !wrong(name) {
			s.t.Errorf("P5: %s ran as %+v, and now as %+v", name, process, is)
		}
	}
	for name := range now {
		if _, ran := s.before[name]; !ran && !wrong(name) {
			s.t.Errorf("P5: %s did not run before, and is not told of", name)
		}
	}
}

// Guards P7, P8, P9, P10: a switch ends with exactly the new processes, and the
// same again does nothing.
func TestAnySwitch(t *testing.T) {
	t.Parallel()
	manyTimes(t, 400*time.Millisecond, 200, func(s *anySwitch) {
		p := s.plan(s.old, s.new)
		s.goal = s.new
		if failure, committed := s.execute(t.Context(), Work{Plan: p}); failure != nil || !committed {
			t.Fatalf("%v, the profile has moved: %t", failure, committed)
		}
		s.runs("after the switch", s.new, p)
		if s.steps != count(p) {
			t.Errorf("%d steps, where %d were planned", s.steps, count(p))
		}
		restarted := map[string]bool{}
		for _, change := range p.Changes {
			restarted[change.Name] = change.Action == plan.Restart
		}
		for _, change := range p.Changes {
			if goesOn := change.Action == plan.Keep || change.Action == plan.Refresh; goesOn && s.restartsDependents &&
				slices.ContainsFunc(change.New.Requires, func(name string) bool { return restarted[name] }) {
				t.Errorf("%s goes on, though something restarts that it depends on", change.Name)
			}
		}
		again, steps := s.plan(s.new, s.new), s.steps
		if failure, _ := s.execute(t.Context(), Work{Plan: again}); failure != nil || s.steps != steps || !again.Empty() {
			t.Errorf("P8: the same again takes %d steps (%v)", s.steps-steps, failure)
		}
	})
}

// Guards P5, P6, P11: whatever fails, at any step, or where an interrupt comes,
// all is as before, but for what is told of.
func TestAnyFailure(t *testing.T) {
	t.Parallel()
	manyTimes(t, 800*time.Millisecond, 200, func(s *anySwitch) {
		p := s.plan(s.old, s.new)
		if p.Empty() {
			return
		}
		soft, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		at := 1 + s.random.IntN(count(p))
		what := []string{string(refused), string(late), string(dies), "interrupt", "commit", "twice"}[s.random.IntN(6)]
		work := Work{Plan: p}
		switch what {
		case "interrupt":
			s.anyMachine.before = func(step int) {
				if step == at {
					interrupt()
				}
			}
		case "commit":
			work.Commit = func() error { return errors.New("no such luck") }
		case "twice":
			s.fails[at], s.fails[at+1+s.random.IntN(at+s.jobs)] = refused, refused
		default:
			s.fails[at] = fault(what)
		}
		s.goal = s.new
		failure, committed := s.execute(soft, work)
		interrupted := what == "interrupt" && soft.Err() != nil
		switch {
		case failure == nil && (interrupted && !committed || s.failed > 0 || what == "commit"):
			t.Fatalf("%s at step %d of %d: no failure", what, at, count(p))
		case failure == nil:
			return // what was to die was stopped, say
		case committed && what != "commit":
			t.Errorf("P7: %s at step %d: the profile has moved", what, at)
		case what != "twice" && !failure.Undone():
			t.Errorf("%s at step %d of %d: not undone: %+v", what, at, count(p), failure.Wrong)
		}
		s.isAsBefore(failure.Wrong)
		if t.Failed() {
			t.Logf("%s at step %d of %d, %d jobs", what, at, count(p), s.jobs)
		}
	})
}

// Guards P4: where a switch was killed, at any step, the next one goes on to the
// new processes or back to the old ones; what it had not touched is the same.
func TestAnyKill(t *testing.T) {
	t.Parallel()
	manyTimes(t, 800*time.Millisecond, 40, func(s *anySwitch) {
		where := profile.Profile{Dir: t.TempDir(), Name: "p"}
		s.moveTo(generation(t, where, 1, "test"), generation(t, where, 2, "test"))
		if err := where.Switch(1); err != nil {
			t.Fatal(err)
		}
		p := s.plan(s.old, s.new)
		target := Target{Profile: where, Manager: s.anyMachine, Making: 2}
		if err := target.Begin(s.new, nil); err != nil {
			t.Fatal(err)
		}
		// What is there at the moment of the kill is put back later on.
		at := 1 + s.random.IntN(count(p)+1)
		var text []byte
		var ran map[string]aProcess
		kill := func(step int) {
			if step != at {
				return
			}
			var err error
			if text, err = os.ReadFile(target.journalFile()); err != nil {
				t.Error(err)
			}
			ran = maps.Clone(s.running)
		}
		s.goal = s.new
		if s.random.IntN(2) == 0 {
			s.anyMachine.before = kill
		} else {
			s.after = kill
		}
		if failure, _ := s.execute(t.Context(), Work{Plan: p, Old: s.old, New: s.new, Journal: target.Journal, Commit: func() error { kill(count(p) + 1); return nil }}); failure != nil {
			t.Fatal(failure)
		}
		if err := errors.Join(target.Journal.Close(), os.WriteFile(target.journalFile(), text, 0o600)); err != nil {
			t.Fatal(err)
		}
		s.anyMachine.before, s.after = nil, nil
		s.running, s.before = ran, maps.Clone(ran)
		s.goal = []string{s.old, s.new}[s.random.IntN(2)]
		s.recover(where, strings.Count(string(text), `"begun"`))
		if t.Failed() {
			t.Logf("killed at step %d of %d, then to %s of %s, %s\n%s", at, count(p), s.goal, s.old, s.new, text)
		}
	})
}

// moveTo gives the profiles other paths.
func (s *anySwitch) moveTo(old, new string) {
	s.profiles = map[string][]manager.Unit{old: s.profiles[s.old], new: s.profiles[s.new]}
	s.old, s.new = old, new
	for path := range s.profiles {
		for i := range s.profiles[path] {
			s.profiles[path][i].Profile = path
		}
	}
	for name, process := range s.running {
		process.unit.Profile = old
		s.running[name] = process
	}
}

// recover switches to the goal, where begun is how many steps a killed switch had
// begun.
func (s *anySwitch) recover(where profile.Profile, begun int) {
	target := Target{Profile: where, Manager: s.anyMachine}
	previous, err := target.FindPrevious()
	if err != nil {
		s.t.Fatal(err)
	}
	ask := func(units []manager.Unit) (map[string]manager.State, error) { return s.Status(s.t.Context(), units) }
	if err := target.Begin(s.goal, nil); err != nil {
		s.t.Fatal(err)
	}
	c, err := target.Compare(ask, previous.Path, s.goal)
	if err != nil || !c.Interrupted {
		s.t.Fatalf("%v, interrupted is %t", err, c.Interrupted)
	}
	if failure, _ := s.execute(s.t.Context(), Work{Plan: c.Plan, Old: previous.Path, New: s.goal, Journal: target.Journal}); failure != nil {
		s.t.Fatal(failure)
	}
	s.runs("after the kill", s.goal, c.Plan)
	if s.goal == s.old && begun == 0 {
		for name := range s.touched {
			if !s.dead[name] {
				s.t.Errorf("P4: no step was begun, and %s was touched", name)
			}
		}
	}
	if err := target.End(); err != nil {
		s.t.Fatal(err)
	}
}
