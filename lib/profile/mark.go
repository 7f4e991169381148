package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Mark remembers a profile, for a program that is going to make generations and
// to move the profile by itself.
type Mark struct {
	profile Profile
	there   map[int]bool
	current int // 0 for none
}

// Mark remembers which generations there are.
func (p Profile) Mark() (Mark, error) {
	m := Mark{profile: p, there: map[int]bool{}}
	list, err := p.Generations()
	if err != nil {
		return m, err
	}
	for _, g := range list {
		m.there[g.Number] = true
	}
	m.current, err = p.target()
	return m, err
}

// Restore makes the profile what it was.
func (m Mark) Restore() error {
	now, err := m.profile.target()
	switch {
	case err != nil:
		return err
	case now == m.current:
	case m.current != 0:
		if err := m.profile.Switch(m.current); err != nil {
			return err
		}
	default:
		if err := os.Remove(m.profile.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the profile can't be removed: %w", err)
		}
	}
	return m.Tidy()
}

// Tidy removes the generations that came since, but for the current one.
func (m Mark) Tidy() error {
	list, err := m.profile.Generations()
	if err != nil {
		return err
	}
	for _, g := range list {
		if !m.there[g.Number] && !g.Current {
			if err := m.profile.Remove(g.Number); err != nil {
				return err
			}
		}
	}
	return nil
}
