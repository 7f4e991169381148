package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/profile"
	"nixproc/lib/replace"
)

// Companion is a file that a generation was evaluated with, and that is to get
// its new content together with that generation: both, or neither.
type Companion struct {
	Path    string `json:"path"`             // absolute, without links
	Existed bool   `json:"existed"`          // there was such a file
	Before  []byte `json:"before,omitempty"` // its content, then
	After   []byte `json:"after"`            // its content from now on
}

// unsettled is what is written down while file and profile do not agree.
type unsettled struct {
	Companion
	Profile string `json:"profile"` // store path of the generation
}

func (t Target) unsettledFile() string { return filepath.Join(t.Profile.WorkDir(), "companion.json") }

// Commit moves the profile to a generation, and its companion along with it. If
// it gives an error, neither has changed.
func (t Target) Commit(number int) error {
	current, found, err := t.Profile.Current()
	there := err == nil && found && current.Number == number
	switch {
	case t.Stay:
		return nil
	case t.Companion == nil && there:
		return nil
	case t.Companion == nil:
		return t.Profile.Switch(number)
	case there:
		return t.Companion.put()
	}
	if err := t.writeDown(number); err != nil {
		return err
	}
	if err = t.Companion.put(); err == nil {
		if err = t.Profile.Switch(number); err != nil {
			err = errors.Join(err, t.Companion.takeBack())
		}
	}
	if removeErr := os.Remove(t.unsettledFile()); err != nil {
		// Once the profile has moved, the next command sees that, and removes it.
		err = errors.Join(err, removeErr)
	}
	return err
}

func (t Target) writeDown(number int) error {
	storePath, err := os.Readlink(t.Profile.Link(number))
	if err != nil {
		return err
	}
	data, err := json.Marshal(unsettled{Companion: *t.Companion, Profile: storePath})
	if err == nil {
		err = replace.File(t.unsettledFile(), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("the change of %s can't be written down: %w", t.Companion.Path, err)
	}
	return nil
}

// Unsettled tells whether a command was killed while file and profile did not
// agree, so that Recover has something to do.
func (t Target) Unsettled() bool {
	_, err := os.Lstat(t.unsettledFile())
	return err == nil
}

// Recover makes a companion agree with its profile again, and says in words what
// it did; "" if nothing was to be done. The caller holds the lock.
func (t Target) Recover() (string, error) {
	data, err := os.ReadFile(t.unsettledFile())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var u unsettled
	if err == nil {
		err = json.Unmarshal(data, &u)
	}
	if err != nil {
		return "", fmt.Errorf("what an interrupted switch was doing can't be told: %w", err)
	}
	text, err := t.settle(u)
	if err == nil {
		err = os.Remove(t.unsettledFile())
	}
	return text, err
}

func (t Target) settle(u unsettled) (string, error) {
	current, found, err := t.Profile.Current()
	if _, gone := errors.AsType[*profile.GoneError](err); gone {
		err = nil
	}
	if err != nil || found && current.Path == u.Profile {
		return "", err
	}
	now, exists, err := contents(u.Path)
	switch {
	case err != nil:
		return "", err
	case exists == u.Existed && bytes.Equal(now, u.Before):
		return "", nil
	case !exists || !bytes.Equal(now, u.After):
		return fmt.Sprintf("warning: the last switch was interrupted while it replaced %s, which was changed since: it stays as it is", u.Path), nil
	}
	return fmt.Sprintf("the last switch was interrupted: %s is as it was before", u.Path), u.takeBack()
}

// put replaces the content, unless somebody else did in the meantime.
func (c Companion) put() error {
	now, exists, err := contents(c.Path)
	if err != nil {
		return err
	}
	if exists != c.Existed || !bytes.Equal(now, c.Before) {
		return fmt.Errorf("%s was changed by somebody else in the meantime", c.Path)
	}
	return replace.File(c.Path, c.After, 0o644)
}

func (c Companion) takeBack() error {
	if c.Existed {
		return replace.File(c.Path, c.Before, 0o644)
	}
	return os.Remove(c.Path)
}

func contents(path string) (data []byte, exists bool, err error) {
	data, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return data, err == nil, err
}
