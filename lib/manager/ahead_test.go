package manager

import (
	"context"
	"errors"
	"testing"
)

// profiles is a manager that knows the units of two profiles.
type profiles struct {
	Manager
	asked map[string]int
}

func (p profiles) Units(profile string) ([]Unit, error) {
	p.asked[profile]++
	if profile == "broken" {
		return nil, errors.New("broken")
	}
	return []Unit{{Name: "of " + profile}}, nil
}

func TestReadAheadReadsOnce(t *testing.T) {
	for _, first := range []string{"one", "broken"} {
		p := profiles{asked: map[string]int{}}
		m := ReadAhead(p, first)
		for range 3 {
			units, err := m.Units(first)
			if first == "broken" {
				if err == nil {
					t.Error("the error is lost")
				}
			} else if err != nil || len(units) != 1 || units[0].Name != "of one" {
				t.Errorf("%v, %v", units, err)
			}
		}
		if p.asked[first] != 1 {
			t.Errorf("%s was read %d times", first, p.asked[first])
		}
		if units, err := m.Units("two"); err != nil || units[0].Name != "of two" {
			t.Errorf("another profile: %v, %v", units, err)
		}
	}
}

func (profiles) LastWords(context.Context, Unit) string { return "words" }

// A manager that reads ahead can do what it could before.
func TestReadAheadKeepsAbilities(t *testing.T) {
	p := profiles{asked: map[string]int{}}
	for _, m := range []Manager{p, ReadAhead(p, "one")} {
		if witness, ok := As[Witness](m); !ok || witness.LastWords(t.Context(), Unit{}) != "words" {
			t.Errorf("%T is no witness any more", m)
		}
		if _, ok := As[Batch](m); ok {
			t.Errorf("%T can do what nothing behind it can", m)
		}
	}
}
