package deploy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/plan"
	"nixproc/lib/profile"
)

// faults makes some of the steps of a plan fail, and gives those processes of the
// new profile that fail or depend on one that does, directly or not.
func (s *anySwitch) faults(p plan.Plan) (blocked map[string]bool) {
	s.faulty, blocked = map[string]fault{}, map[string]bool{}
	often := 1 + s.random.IntN(30)
	for verb, levels := range map[string][][]manager.Unit{"stop": p.Stops, "start": p.Starts} {
		kinds := []fault{refused, late, dies}
		if verb == "stop" {
			kinds = kinds[:2]
		}
		for _, u := range slices.Concat(levels...) {
			if s.random.IntN(often) == 0 {
				s.faulty[verb+" "+u.Name] = kinds[s.random.IntN(len(kinds))]
				blocked[u.Name] = true
			}
		}
	}
	new := s.profiles[s.new]
	for name := range blocked {
		if !slices.ContainsFunc(new, func(u manager.Unit) bool { return u.Name == name }) {
			delete(blocked, name) // it goes, so nothing depends on it
		}
	}
	for before := -1; before != len(blocked); {
		before = len(blocked)
		for _, u := range new {
			if slices.ContainsFunc(u.Requires, func(name string) bool { return blocked[name] }) {
				blocked[u.Name] = true
			}
		}
	}
	return blocked
}

// With KeepGoing, exactly the processes run that neither fail nor depend on one
// that does, and what was to be kept; the profile moves. The same switch again,
// with nothing in its way, does the rest.
func TestAnyKeepGoing(t *testing.T) {
	t.Parallel()
	manyTimes(t, 800*time.Millisecond, 100, func(s *anySwitch) {
		where := profile.Profile{Dir: t.TempDir(), Name: "p"}
		s.moveTo(generation(t, where, 1, "test"), generation(t, where, 2, "test"))
		s.before = s.now()
		if err := where.Switch(1); err != nil {
			t.Fatal(err)
		}
		p := s.plan(s.old, s.new)
		blocked := s.faults(p)
		target := Target{Profile: where, Manager: s.anyMachine, Making: 2}
		if err := target.Begin(s.new, nil); err != nil {
			t.Fatal(err)
		}
		s.goal = s.new
		work := Work{Plan: p, Old: s.old, New: s.new, Journal: target.Journal, Commit: func() error { return target.Commit(2) }}
		failure, committed := s.execute(t.Context(), work)
		if !committed || (failure == nil) != (len(s.faulty) == 0) || failure != nil && (failure.Undone() || !failure.Moved) {
			t.Fatalf("%d faults, committed %t, %+v", len(s.faulty), committed, failure)
		}
		s.runsBut(p, blocked)
		told := map[string]bool{}
		if failure != nil {
			for _, fault := range failure.Faults() {
				told[fault.Process] = true
			}
			for name := range failure.Left {
				told[name] = true
			}
		}
		for _, change := range p.Changes {
			touched := change.Action == plan.Start || change.Action == plan.Restart
			if touched && told[change.Name] != blocked[change.Name] {
				t.Errorf("%s is told of: %t", change.Name, told[change.Name])
			}
		}
		if t.Failed() {
			t.Logf("%d jobs, faults %v", s.jobs, s.faulty)
			return
		}
		if failure == nil || failure.Certain() {
			if err := target.End(); err != nil {
				t.Fatal(err)
			}
		} else if err := target.Journal.Close(); err != nil {
			t.Fatal(err)
		}
		s.faulty, s.failed, s.died = nil, 0, map[string]bool{}
		s.again(where)
	})
}

// runsBut says whether all of the new processes run but those that are blocked, and
// of those only what was to be kept, or could not be stopped.
func (s *anySwitch) runsBut(p plan.Plan, blocked map[string]bool) {
	now := s.now()
	for _, change := range p.Changes {
		name := change.Name
		is, runs := now[name]
		was, ran := s.before[name]
		stuck := s.faulty["stop "+name] == refused
		switch change.Action {
		case plan.Keep, plan.Refresh:
			if is.pid != was.pid {
				s.t.Errorf("P9: %s was kept, and is another process", name)
			}
		case plan.Start, plan.Restart:
			if !blocked[name] && (!runs || is.unit.Key != change.New.Key) {
				s.t.Errorf("%s depends on nothing that fails, and does not run: %+v", name, is)
			}
			if blocked[name] && runs && !(stuck && ran && is.pid == was.pid) {
				s.t.Errorf("%s is, or depends on, what fails, and runs: %+v", name, is)
			}
		case plan.Stop:
			if runs && !stuck {
				s.t.Errorf("%s runs still", name)
			}
		}
	}
}

// again switches to the new profile once more, and then nothing is missing.
func (s *anySwitch) again(where profile.Profile) {
	target := Target{Profile: where, Manager: s.anyMachine}
	previous, err := target.FindPrevious()
	if err != nil || !strings.HasSuffix(previous.Path, s.new) {
		s.t.Fatalf("P7: the current generation is %+v (%v)", previous, err)
	}
	c, err := target.Compare(func(units []manager.Unit) (map[string]manager.State, error) {
		return s.Status(context.Background(), units)
	}, previous.Path, s.new)
	if err != nil {
		s.t.Fatal(err)
	}
	s.before = s.now()
	if failure, _ := s.execute(s.t.Context(), Work{Plan: c.Plan, Old: previous.Path, New: s.new}); failure != nil {
		s.t.Fatal(failure)
	}
	s.runs("after the second switch", s.new, c.Plan)
}
