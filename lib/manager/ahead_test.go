package manager

import (
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

type batchManager struct {
	Manager
	Batch
}

// What a manager can do beside reading units is not lost.
func TestItself(t *testing.T) {
	t.Parallel()
	for _, m := range []Manager{batchManager{}, ReadAhead(batchManager{Manager: emptyManager{}}, "")} {
		if _, ok := Itself(m).(Batch); !ok {
			t.Errorf("%T is no Batch any more", m)
		}
	}
}

type emptyManager struct{ Manager }

func (emptyManager) Units(string) ([]Unit, error) { return nil, nil }
