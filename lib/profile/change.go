package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes generation n a link to a store path; the profile stays where
// it is. It is fine if the generation already exists with the same path, so
// that an interrupted switch can be continued; with another path it is an
// error. The profile's directory is made when it is missing.
func (p Profile) Create(n int, storePath string) error {
	if n < 1 || !filepath.IsAbs(storePath) {
		return fmt.Errorf("cannot make generation %d of %s: %q is no store path, or the number is below 1", n, p.Path(), storePath)
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the directory of the profile: %w", err)
	}
	err := os.Symlink(storePath, p.Link(n))
	if errors.Is(err, fs.ErrExist) {
		g, readErr := p.generation(n)
		if readErr != nil {
			return readErr
		}
		if g.Path != storePath {
			return fmt.Errorf("cannot make generation %d of %s: it exists and is %s", n, p.Path(), g.Path)
		}
		err = nil
	}
	if err != nil {
		return fmt.Errorf("cannot make generation %d of %s: %w", n, p.Path(), err)
	}
	return p.sync()
}

// Switch makes generation n the current one, by one atomic rename. When it
// returns nil the move has reached the disk.
func (p Profile) Switch(n int) error {
	if _, err := p.target(); err != nil {
		return err
	}
	if _, err := p.generation(n); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no generation %d: --list-generations shows those there are", p.Path(), n)
	} else if err != nil {
		return err
	}
	// One fixed name: what a power cut leaves behind is overwritten next time.
	temp := filepath.Join(p.Dir, "."+p.Name+".nixproc-link")
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot move %s to generation %d: %w", p.Path(), n, err)
	}
	err := os.Symlink(p.linkName(n), temp)
	if err == nil {
		if err = os.Rename(temp, p.Path()); err != nil {
			os.Remove(temp)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot move %s to generation %d: %w", p.Path(), n, err)
	}
	return p.sync()
}

// Remove deletes the link of generation n, which must not be the current one.
// It is fine if it is gone already.
func (p Profile) Remove(n int) error {
	current, err := p.target()
	if err != nil {
		return err
	}
	if n == current {
		return fmt.Errorf("cannot delete generation %d of %s: it is the current one", n, p.Path())
	}
	if err := p.unlink(n); err != nil {
		return err
	}
	return p.sync()
}

// DeleteAll deletes the profile's link and all generations, and returns their
// numbers, those deleted so far if there is an error. It stops nothing.
func (p Profile) DeleteAll() ([]int, error) {
	list, err := p.Generations()
	if err != nil {
		return nil, err
	}
	if err := os.Remove(p.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot delete the profile: %w", err)
	}
	return p.unlinkAll(list)
}

func (p Profile) unlinkAll(list []Generation) ([]int, error) {
	var deleted []int
	for _, g := range list {
		if err := p.unlink(g.Number); err != nil {
			return deleted, err
		}
		deleted = append(deleted, g.Number)
	}
	return deleted, p.sync()
}

func (p Profile) unlink(n int) error {
	_, err := p.generation(n) // refuses what is no link
	if err == nil {
		err = os.Remove(p.Link(n))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot delete generation %d of %s: %w", n, p.Path(), err)
	}
	return nil
}

// sync brings changes of the profile's links to the disk.
func (p Profile) sync() error {
	dir, err := os.Open(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing is there that could be lost
	}
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot bring the profile's directory to the disk: %w", err)
	}
	return nil
}
