package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"nixproc/lib/manager"
)

// moving is a machine that starts by one command what a profile has and the one
// before has not.
type moving struct {
	*machine
	err error // of the first move
}

func (m *moving) Move(_ context.Context, old, new string, start []manager.Unit) error {
	m.did = append(m.did, "move "+old+" "+new)
	if m.err != nil && new == "new" {
		return m.err
	}
	for _, unit := range start {
		if err := m.act("start", unit); err != nil {
			return err
		}
	}
	return nil
}

func move(m *moving, commit error) error {
	d := Deployment{Manager: m, Jobs: 4, Settle: time.Millisecond, Observe: func(Event) {}}
	return d.Run(context.Background(), context.Background(), Work{
		Plan: upgrade(m.machine), Old: "old", New: "new", Commit: func() error { return commit },
	})
}

func TestMove(t *testing.T) {
	m := &moving{machine: newMachine()}
	if err := move(m, nil); err != nil || m.state() != after {
		t.Fatalf("error %v, running %s", err, m.state())
	}
	if got := strings.Join(m.did, ", "); got != "stop b, stop a, move old new, start b, start d" {
		t.Error(got)
	}
}

// A profile that differs is moved to, though nothing is to be started; the same
// one is not (P8).
func TestMoveWithoutSteps(t *testing.T) {
	m := &moving{machine: newMachine()}
	d := Deployment{Manager: m, Observe: func(Event) {}}
	for _, new := range []string{"old", "new"} {
		if err := d.Run(context.Background(), context.Background(), Work{Old: "old", New: new, Commit: func() error { return nil }}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(m.did, ", "); got != "move old new" {
		t.Error(got)
	}
}

// Guards P5: whichever step fails, what ran before runs again, and the profiles
// are moved back if they were moved.
func TestMoveIsUndone(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*moving)
		commit error
		back   bool
	}{
		"a stop fails":   {func(m *moving) { m.fails["stop a a1"] = errors.New("no") }, nil, false},
		"the move fails": {func(m *moving) { m.err = errors.New("no") }, nil, false},
		"one dies":       {func(m *moving) { m.dies["d1"] = true }, nil, true},
		"commit fails":   {func(*moving) {}, errors.New("no"), true},
	} {
		m := &moving{machine: newMachine()}
		c.change(m)
		var failure *Failure
		err := move(m, c.commit)
		if !errors.As(err, &failure) || !failure.Undone() || m.state() != before {
			t.Errorf("%s: error %v, running %s", name, err, m.state())
		}
		if got := strings.Contains(strings.Join(m.did, ", "), "move new old"); got != c.back {
			t.Errorf("%s: %q", name, m.did)
		}
	}
}

// Nobody can take back what nobody can see.
func TestMoveThatIsNotSeen(t *testing.T) {
	m := &moving{machine: newMachine(), err: &manager.UnseenError{Err: errors.New("not seen")}}
	var failure *Failure
	if err := move(m, nil); !errors.As(err, &failure) || failure.Undone() || m.state() != before {
		t.Fatalf("error %v, running %s", err, m.state())
	}
	var names []string
	for _, wrong := range failure.Wrong {
		names = append(names, wrong.Process)
	}
	if got := strings.Join(names, " "); got != "b d" {
		t.Errorf("what is wrong: %s", got)
	}
}
