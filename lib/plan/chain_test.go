package plan

import (
	"strings"
	"testing"

	"nixproc/lib/manager"
)

// What a manager restarts by itself is in the plan: what depended on something
// that stops, and what depends on something new now, and what depends on those.
func TestFollowChain(t *testing.T) {
	t.Parallel()
	with := func(name, key string, requires ...string) manager.Unit {
		u := *unit(name, key)
		u.Requires = requires
		return u
	}
	old := []manager.Unit{
		with("base", "1"), with("user", "1", "base"), with("far", "1", "user"), with("apart", "1"),
		with("gone", "1"), with("freed", "1", "gone"), with("widened", "1"),
		with("dead", "1"), with("beside", "1", "dead"), with("once", "1"), with("behind", "1", "once"),
		with("kept", "1"), with("moved", "1"),
	}
	new := []manager.Unit{
		with("base", "2"), with("user", "1", "base"), with("far", "1", "user"), with("apart", "1"),
		with("freed", "1"), with("new", "1"), with("widened", "1", "new"),
		with("dead", "1"), with("beside", "1", "dead"), with("once", "1"), with("behind", "1", "once"),
		with("kept", "1"), with("moved", "1", "kept", "dead", "external"),
	}
	states := map[string]manager.State{}
	for _, u := range old {
		states[u.Name] = manager.State{Condition: manager.Running}
	}
	for _, name := range []string{"dead", "once"} {
		states[name] = manager.State{Condition: manager.Stopped}
	}
	p := Make(old, new, states, Options{Chained: func(u manager.Unit) bool { return u.Name == "once" }})
	want := map[string]Action{
		"base": Restart, "user": Restart, "far": Restart, "apart": Keep,
		"gone": Stop, "freed": Restart, "new": Start, "widened": Restart,
		"dead": Start, "beside": Keep, "once": Start, "behind": Restart,
		"kept": Keep, "moved": Keep,
	}
	for _, change := range p.Changes {
		if change.Action != want[change.Name] {
			t.Errorf("%s: %s (%s), want %s", change.Name, change.Action, change.Reason, want[change.Name])
		}
		if change.Name == "far" && !strings.Contains(change.Reason, "user") {
			t.Errorf("far restarts, because %s", change.Reason)
		}
	}
	if len(p.Changes) != len(want) {
		t.Errorf("%d changes, want %d", len(p.Changes), len(want))
	}
	stops := 0
	for _, level := range p.Stops {
		stops += len(level)
	}
	if stops != 7 {
		t.Errorf("%d units stop, want 7: those that restart, and one that is gone", stops)
	}

	for _, change := range Make(old, new, states, Options{}).Changes {
		if forced := change.Name == "user" || change.Name == "freed"; forced && change.Action != Keep {
			t.Errorf("without a chain, %s is to %s", change.Name, change.Action)
		}
	}
}
