package network

import (
	"errors"
	"testing"

	"nixproc/lib/plan"
)

func TestOutcome(t *testing.T) {
	t.Parallel()
	old, other := Deployed{Package: "/old"}, Deployed{Package: "/new"}
	start := Change{Machine: "m", Action: plan.Start, New: other}
	restart := Change{Machine: "m", Action: plan.Restart, Old: old, New: other}
	dead := Change{Machine: "m", Action: plan.Start, Old: old, New: old, Dead: true}
	runs, down := Answer{Package: "/any", Condition: "running"}, Answer{Package: "/any", Condition: "stopped", Down: true}
	gone := Answer{Condition: "stopped", Down: true}
	begun, stuck := Results{{Begun: true}, {}}, Results{{Begun: true, Undo: errors.New("no")}}
	for _, c := range []struct {
		what     string
		r        Results
		change   Change
		now      Answer
		answered bool
		want     string
		wrong    bool
	}{
		{"kept", begun, Change{Machine: "m", Action: plan.Keep, Old: old, New: old}, runs, true, "", false},
		{"not begun", Results{{}}, start, gone, true, "not begun", false},
		{"taken back", begun, start, gone, true, "undone", false},
		{"still there", begun, start, runs, true, "could not be undone", true},
		{"runs again", begun, restart, runs, true, "undone", false},
		{"does not run again", begun, restart, down, true, "could not be undone", true},
		{"is not there again", begun, restart, gone, true, "could not be undone", true},
		{"did not run before", begun, dead, gone, true, "undone", false},
		{"it can't tell", begun, restart, Answer{Package: "/any", Condition: "unknown"}, true, "in doubt", true},
		{"it was not asked", begun, restart, Answer{}, true, "undone", false},
		{"no answer", begun, restart, Answer{}, false, "in doubt", true},
		{"could not be taken back", stuck, restart, runs, true, "could not be undone", true},
	} {
		if got, wrong := c.r.Outcome(c.change, c.now, c.answered); got != c.want || wrong != c.wrong {
			t.Errorf("%s: %q, %v, want %q, %v", c.what, got, wrong, c.want, c.wrong)
		}
	}
}
