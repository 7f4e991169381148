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
	left, leftUndo := Results{{Begun: true, Err: ErrLeft, Undo: ErrStopped}}, Results{{Begun: true, Undo: ErrLeft}}
	for _, c := range []struct {
		what     string
		r        Results
		change   Change
		now      Answer
		answered bool
		want     string
		wrong    bool
		seen     bool
	}{
		{"kept", begun, Change{Machine: "m", Action: plan.Keep, Old: old, New: old}, runs, true, "", false, true},
		{"not begun", Results{{}}, start, gone, true, "not begun", false, true},
		{"taken back", begun, start, gone, true, "undone", false, true},
		{"still there", begun, start, runs, true, "could not be undone", true, false},
		{"runs again", begun, restart, runs, true, "undone", false, true},
		{"does not run again", begun, restart, down, true, "could not be undone", true, false},
		{"is not there again", begun, restart, gone, true, "could not be undone", true, false},
		{"did not run before", begun, dead, gone, true, "undone", false, true},
		{"it can't tell", begun, restart, Answer{Package: "/any", Condition: "unknown"}, true, "in doubt", true, false},
		{"it was not asked", begun, restart, Answer{}, true, "undone", false, false},
		{"no answer", begun, restart, Answer{}, false, "in doubt", true, false},
		{"not waited for", left, start, gone, true, "may be at work", true, false},
		{"its undoing was not waited for", leftUndo, restart, runs, true, "may be at work", true, false},
		{"nobody has undone it", Results{{Begun: true, Undo: ErrStopped}}, restart, runs, true, "not undone", true, false},
		{"could not be taken back", stuck, restart, runs, true, "could not be undone", true, false},
	} {
		if got, wrong := c.r.Outcome(c.change, c.now, c.answered); got != c.want || wrong != c.wrong {
			t.Errorf("%s: %q, %v, want %q, %v", c.what, got, wrong, c.want, c.wrong)
		}
		if c.r.Seen(c.change, c.now, c.answered) != c.seen {
			t.Errorf("%s: seen %v, want %v", c.what, !c.seen, c.seen)
		}
	}
}
