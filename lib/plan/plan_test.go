package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"nixproc/lib/manager"
)

func unit(name, key string) *manager.Unit {
	return &manager.Unit{Name: name, Key: key, Files: "files of " + key, Wanted: true}
}

func TestDecide(t *testing.T) {
	old, same, changed := unit("p", "1"), unit("p", "1"), unit("p", "2")
	refreshed := unit("p", "1")
	refreshed.Files = "other files"
	idle := unit("p", "1")
	idle.Wanted, idle.WhyNot = false, "another runlevel"
	changedIdle := unit("p", "2")
	changedIdle.Wanted, changedIdle.WhyNot = false, "another runlevel"

	const unknown, running, stopped = manager.Unknown, manager.Running, manager.Stopped
	for _, test := range []struct {
		what      string
		old, new  *manager.Unit
		condition manager.Condition
		want      Action
	}{
		{"P9: what did not change goes on", old, same, running, Keep},
		{"P9: also if nobody can tell whether it runs", old, same, unknown, Keep},
		{"an upgrade of ours restarts nothing", old, refreshed, running, Refresh},
		{"a changed process restarts", old, changed, running, Restart},
		{"a changed process restarts, if nobody can tell", old, changed, unknown, Restart},
		{"D22: what died is started again", old, same, stopped, Start},
		{"D22: with its new files", old, changed, stopped, Start},
		{"new", nil, same, unknown, Start},
		{"new, but something runs in its place", nil, same, running, Restart},
		{"P4: touched by a switch that was interrupted", unit("p", ""), same, running, Restart},
		{"P4: touched, and gone", unit("p", ""), nil, unknown, Stop},
		{"gone", old, nil, running, Stop},
		{"gone, and nobody can tell", old, nil, unknown, Stop},
		{"D23: what died is stopped too, so that its pid file goes", old, nil, stopped, Stop},
		{"D31, D43: not for this runlevel", nil, idle, unknown, Skip},
		{"not for this runlevel, and not running", idle, idle, stopped, Skip},
		{"not for this runlevel, but running", old, idle, running, Keep},
		{"not for this runlevel, but running, and changed", old, changedIdle, running, Restart},
		{"was not for this runlevel, and nobody can tell: stopped, to be sure", idle, nil, unknown, Stop},
		{"was not for this runlevel, and did not run", idle, nil, stopped, none},
		{"was not for this runlevel, but runs", idle, nil, running, Stop},
	} {
		t.Run(test.what, func(t *testing.T) {
			lost := decide(test.old, test.new, manager.State{Condition: test.condition, Lost: "process 7 is lost"})
			switch {
			case test.new == nil && lost.Action != Stop:
				t.Errorf("what is lost and not wanted: %s", lost.Action)
			case test.new != nil && test.new.Wanted && (lost.Action != Restart || lost.Old == nil || lost.Reason != "process 7 is lost"):
				t.Errorf("what is lost: %s (%s)", lost.Action, lost.Reason)
			}
			if got := decide(test.old, test.new, manager.State{Condition: test.condition}); got.Action != test.want {
				t.Errorf("got %s (%s), want %s", got.Action, got.Reason, test.want)
			}
		})
	}
}

func TestDependentsRestartOnlyWhenAsked(t *testing.T) {
	database, webapp, proxy, other := unit("database", "1"), unit("webapp", "1"), unit("proxy", "1"), unit("other", "1")
	webapp.Rank, webapp.Requires = 1, []string{"database"}
	proxy.Rank, proxy.Requires = 2, []string{"webapp"}
	changed := *database
	changed.Key = "2"
	old := []manager.Unit{*database, *webapp, *proxy, *other}
	new := []manager.Unit{changed, *webapp, *proxy, *other}
	states := map[string]manager.State{}
	for _, unit := range old {
		states[unit.Name] = manager.State{Condition: manager.Running}
	}
	if got := actions(Make(old, new, states, Options{})); got != "database restart, other keep, proxy keep, webapp keep" {
		t.Error(got)
	}
	if got := actions(Make(old, new, states, Options{RestartDependents: true})); got != "database restart, other keep, proxy restart, webapp restart" {
		t.Error(got)
	}
}

func actions(p Plan) string {
	var text string
	for i, change := range p.Changes {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %s", change.Name, change.Action)
	}
	return text
}

// Guards P8, P9 and P10 for any two models: what a plan does leads from the one
// to the other, in order, and touches nothing else.
func TestPlansOfRandomModels(t *testing.T) {
	for range 300 {
		old, new := randomUnits(), randomUnits()
		states := map[string]manager.State{}
		for _, unit := range old {
			condition := manager.Running
			if rand.IntN(8) == 0 {
				condition = manager.Stopped
			}
			states[unit.Name] = manager.State{Condition: condition}
		}
		p := Make(old, new, states, Options{})

		keys := map[string]string{} // what runs: name -> key
		for _, unit := range old {
			if states[unit.Name].Condition == manager.Running {
				keys[unit.Name] = unit.Key
			}
		}
		before := map[string]string{}
		for name, key := range keys {
			before[name] = key
		}
		lastRank := 1 << 30
		for _, level := range p.Stops {
			if level[0].Rank >= lastRank {
				t.Fatal("stops are not in reverse order")
			}
			lastRank = level[0].Rank
			for _, unit := range level {
				delete(keys, unit.Name)
			}
		}
		lastRank = -1
		for _, level := range p.Starts {
			if level[0].Rank <= lastRank {
				t.Fatal("starts are not in order")
			}
			lastRank = level[0].Rank
			for _, unit := range level {
				if _, runs := keys[unit.Name]; runs {
					t.Fatalf("%s would be started twice", unit.Name)
				}
				keys[unit.Name] = unit.Key
			}
		}
		if len(keys) != len(new) {
			t.Fatalf("%d processes run, want %d", len(keys), len(new))
		}
		for _, unit := range new {
			if keys[unit.Name] != unit.Key {
				t.Fatalf("%s runs as %q, want %q", unit.Name, keys[unit.Name], unit.Key)
			}
			touched := slices.ContainsFunc(slices.Concat(p.Starts...), func(u manager.Unit) bool { return u.Name == unit.Name })
			if before[unit.Name] == unit.Key && touched {
				t.Fatalf("%s did not change, but is restarted", unit.Name)
			}
		}
		if again := Make(new, new, runningAll(new), Options{}); !again.Empty() {
			t.Fatal("the same switch again has something to do")
		}
	}
}

func runningAll(units []manager.Unit) map[string]manager.State {
	states := map[string]manager.State{}
	for _, unit := range units {
		states[unit.Name] = manager.State{Condition: manager.Running}
	}
	return states
}

func randomUnits() []manager.Unit {
	var units []manager.Unit
	for i := range 12 {
		if rand.IntN(3) > 0 {
			u := unit(fmt.Sprint("p", i), fmt.Sprint("key", rand.IntN(3)))
			u.Rank = rand.IntN(4)
			units = append(units, *u)
		}
	}
	return units
}

// What else is known of two units decides where their keys have nothing in
// common, and is the reason that is shown.
func TestDifferencesThatAreKnown(t *testing.T) {
	old := []manager.Unit{*unit("equal", "1"), *unit("other", "1"), *unit("unknown", "1"), *unit("dead", "1"), *unit("doubtful", "")}
	new := []manager.Unit{*unit("equal", "2"), *unit("other", "2"), *unit("unknown", "2"), *unit("dead", "2"), *unit("doubtful", "2")}
	states := map[string]manager.State{}
	for _, unit := range old {
		states[unit.Name] = manager.State{Condition: manager.Running}
	}
	states["dead"] = manager.State{Condition: manager.Stopped}
	p := Make(old, new, states, Options{Differences: map[string]string{"equal": "", "other": "another command", "dead": "another command"}})
	if got := actions(p); got != "dead start, doubtful restart, equal refresh, other restart, unknown restart" {
		t.Error(got)
	}
	for i, want := range []string{"changed, and did not run", "a switch of it was interrupted", "only its files changed", "another command", "changed"} {
		if p.Changes[i].Reason != want {
			t.Errorf("%s: %s, want %s", p.Changes[i].Name, p.Changes[i].Reason, want)
		}
	}
	if old[0].Key != "1" {
		t.Error("the unit itself was changed")
	}
}
