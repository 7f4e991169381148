package network

import (
	"fmt"
	"slices"
	"testing"

	"nixproc/lib/plan"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	same := Deployed{Package: "/k"}
	before := On{
		"two":  {"spread": same, "taken": {Package: "/k", Taken: true}},
		"one":  {"kept": same, "changed": {Package: "/old"}, "gone": same, "files": {Package: "/old"}, "moved": same, "spread": same},
		"left": {"last": same, "spread": same},
	}
	after := On{
		"one": {"kept": same, "changed": {Package: "/new"}, "came": same, "files": {Package: "/files"}, "spread": same},
		"new": {"first": same, "moved": same},
		"two": {"taken": same},
	}
	want := []string{
		"left last leave the machine is no longer in the infrastructure", "left spread leave the machine is no longer in the infrastructure",
		"new first start new", "new moved start moves here from one",
		"one came start new", "one changed restart changed", "one files refresh only its files changed",
		"one gone stop no longer in the model", "one kept keep ", "one moved stop moves to new", "one spread keep ",
		"two spread stop no longer on this machine", "two taken refresh taken over",
	}
	var got []string
	for _, change := range Compare(before, after, []string{"one", "two", "new"}, func(_, new Deployed) bool { return new.Package == "/files" }) {
		got = append(got, fmt.Sprint(change.Machine, " ", change.Process, " ", change.Action, " ", change.Reason))
		if change.Old.Package != before[change.Machine][change.Process].Package || change.New.Package != after[change.Machine][change.Process].Package {
			t.Errorf("%s: from %v to %v", change.Process, change.Old, change.New)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	for _, change := range Compare(before, nil, []string{"one", "two", "left"}, nil) {
		if change.Action != plan.Stop || change.Reason != "undeployed" {
			t.Errorf("without a model: %s %s: %s", change.Process, change.Action, change.Reason)
		}
	}
}

// What has died is started where it would be kept.
func TestRevive(t *testing.T) {
	t.Parallel()
	same, other := Deployed{Package: "/k"}, Deployed{Package: "/o"}
	changes := Compare(On{"m": {"dead": same, "alive": same, "changed": same}}, On{"m": {"dead": same, "alive": same, "changed": other, "new": same}}, []string{"m"}, func(_, _ Deployed) bool { return false })
	Revive(changes, func(_, process string) bool { return process != "alive" })
	var got []string
	for _, change := range changes {
		got = append(got, fmt.Sprint(change.Process, " ", change.Action, " ", change.Dead))
	}
	if want := []string{"alive keep false", "changed restart true", "dead start true", "new start false"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What a machine does not start is told, and nothing else changes.
func TestSkip(t *testing.T) {
	t.Parallel()
	there := Deployed{Package: "p"}
	changes := []Change{{Process: "new", Action: plan.Start}, {Process: "dead", Action: plan.Start, Old: there}, {Process: "changed", Action: plan.Restart, Old: there}, {Process: "kept", Action: plan.Keep, Old: there}, {Process: "runs", Action: plan.Start, Reason: "new"}}
	Skip(changes, func(_, process string) string {
		return map[bool]string{true: "it starts in no runlevel"}[process != "runs"]
	})
	for i, want := range []plan.Action{plan.Skip, plan.Stop, plan.Stop, plan.Keep, plan.Start} {
		if changes[i].Action != want {
			t.Errorf("%s: %s, want %s", changes[i].Process, changes[i].Action, want)
		}
	}
}
