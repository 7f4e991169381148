package network

import (
	"errors"

	"nixproc/lib/plan"
)

// Outcome says what has become of a change of a deployment that failed: by its
// steps, and by what the machine says now, if it does; "" of what was to stay. wrong
// tells that it is not as it was before, or that nobody knows.
func (r Results) Outcome(change Change, now Answer, answered bool) (outcome string, wrong bool) {
	begun, stuck, left, given := false, false, false, false
	for _, result := range r {
		begun = begun || result.Begun
		stuck = stuck || result.Undo != nil
		left = left || errors.Is(result.Err, ErrLeft) || errors.Is(result.Undo, ErrLeft)
		given = given || errors.Is(result.Undo, ErrStopped)
	}
	there, was := now.Package != "", change.Old.Package != ""
	switch {
	case change.Action == plan.Keep || change.Action == Leave:
		return "", false
	case !begun:
		return "not begun", false
	case left:
		return "may be at work", true
	case given:
		return "not undone", true
	case !answered || now.Condition == "unknown":
		return "in doubt", true
	case stuck:
		return "could not be undone", true
	case now.Condition == "": // no module of ours, which could say more
		return "undone", false
	case change.Dead && (!there || now.Down):
		return "undone", false
	case there != was || there && now.Down:
		return "could not be undone", true
	}
	return "undone", false
}

// Seen says whether it is certain that a change of a deployment that failed has left
// things as they were when that began: nothing was done, or it was undone, which the
// machine confirms.
func (r Results) Seen(change Change, now Answer, answered bool) bool {
	outcome, wrong := r.Outcome(change, now, answered)
	return outcome == "" || outcome == "not begun" || outcome == "undone" && !wrong && now.Condition != ""
}

// ByPlace are the results of each process.
func (r Results) ByPlace() map[Place]Results {
	by := map[Place]Results{}
	for _, result := range r {
		by[result.Place] = append(by[result.Place], result)
	}
	return by
}
