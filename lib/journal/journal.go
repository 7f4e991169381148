// Package journal writes down what a switch does, step by step, and reads what a
// switch that was killed has left: which steps it had begun, and which of those
// were done. It must not know what a step does, nor what is to be done about one
// that was only begun.
//
// A journal is a file of records, one a line, each of which is appended by one
// write: that outlives the end of the program, however it ends. What has to
// outlive the end of the machine as well is brought to the disk by Sync, before
// a group of steps begins. A power cut may damage what was written since; by
// then no step of the group can have left a process behind.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/replace"
	"nixproc/lib/seam"
)

// schema of the records; a file of a later one can't be read.
const schema = 1

// Switch is what a switch is about, the first record that it writes.
type Switch struct {
	Schema int `json:"schema"`
	// Old and New are the profiles, "" for none.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// At is the current generation, 0 for none, and Making the one that is made
	// for the switch, 0 where it was there before.
	At     int `json:"at,omitempty"`
	Making int `json:"making,omitempty"`
	// Options are those of the command line that a later command needs to find
	// the same process manager.
	Options []string `json:"options,omitempty"`
}

// Step is something that is done to units: start, stop, or install, which is to
// put the files of a whole profile in place.
type Step struct {
	Verb string `json:"verb"`
	// Profile has the units, by name; none for install.
	Profile string   `json:"profile"`
	Units   []string `json:"units,omitempty"`
}

// Call is a program that is run for a step. It may be at work still, though who
// called it is gone.
type Call struct {
	PID   int       `json:"pid"` // its group and its session have the same number
	Since time.Time `json:"since"`
	Boot  string    `json:"boot,omitempty"` // that the number is of
	Until time.Time `json:"until"`          // when its time is up
	Line  string    `json:"line"`           // its command line
	Verb  string    `json:"verb,omitempty"`
	Units []string  `json:"units,omitempty"`
}

// Accounts are the users and groups that a switch changes.
type Accounts struct {
	Create accounts.Set `json:"create"` // did not exist before
	Remove accounts.Set `json:"remove"` // once all else is done
}

// record is a line: one of the pointers is set, or it is over.
type record struct {
	At       time.Time `json:"at"`
	Switch   *Switch   `json:"switch,omitempty"`
	Begun    *Step     `json:"begun,omitempty"`
	Done     *Step     `json:"done,omitempty"`
	Call     *Call     `json:"call,omitempty"`
	Accounts *Accounts `json:"accounts,omitempty"`
	Over     bool      `json:"over,omitempty"`
}

// Journal is one that is being written. A nil one takes everything and writes
// nothing. It can be used by several goroutines at once.
type Journal struct {
	path  string
	mutex sync.Mutex
	file  *os.File
}

// Open begins the journal of a switch, or goes on with the one that an earlier
// switch has left. What the switch is about is on the disk when it returns.
func Open(path string, about Switch) (*Journal, error) {
	about.Schema = schema
	j := &Journal{path: path}
	before, err := read(path)
	if err == nil {
		if err = j.open(about, before.length); err != nil && before.length == 0 {
			err = errors.Join(err, j.Close(), Remove(path))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the switch can't be written down: %w", err)
	}
	return j, nil
}

func (j *Journal) open(about Switch, whole int64) (err error) {
	if err := os.MkdirAll(filepath.Dir(j.path), 0o755); err != nil {
		return err
	}
	if j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600); err != nil {
		return err
	}
	// Behind half a record, nobody would read on.
	err = j.file.Truncate(whole)
	if err == nil {
		err = j.write(record{Switch: &about})
	}
	if err == nil {
		err = j.Sync()
	}
	if err == nil {
		err = replace.Sync(filepath.Dir(j.path))
	}
	return err
}

// Begin writes down that a step begins.
func (j *Journal) Begin(step Step) error { return j.write(record{Begun: &step}) }

// Done writes down that a step was done. If it can't, the step counts as begun.
func (j *Journal) Done(step Step) { _ = j.write(record{Done: &step}) }

// Call writes down that a program is about to run.
func (j *Journal) Call(call Call) error { return j.write(record{Call: &call}) }

// Over writes down that the switch has failed, and has waited for all that it has
// started.
func (j *Journal) Over() { _ = j.write(record{Over: true}) }

// Change writes down which accounts are about to change, and has the disk keep
// it.
func (j *Journal) Change(a Accounts) error {
	if err := j.write(record{Accounts: &a}); err != nil {
		return err
	}
	return j.Sync()
}

// Sync has the disk keep all that was written.
func (j *Journal) Sync() error {
	if j == nil {
		return nil
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("the journal can't be kept: %w", err)
	}
	return nil
}

func (j *Journal) write(r record) error {
	if j == nil {
		return nil
	}
	r.At = time.Now()
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	point := "journal " + r.kind()
	if err := seam.Before(point); err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the journal can't be written: %w", err)
	}
	return seam.After(point)
}

// kind names a record.
func (r record) kind() string {
	switch {
	case r.Switch != nil:
		return "switch"
	case r.Begun != nil:
		return "begun " + r.Begun.Verb
	case r.Done != nil:
		return "done " + r.Done.Verb
	case r.Call != nil:
		return "call"
	case r.Over:
		return "over"
	}
	return "accounts"
}

// Close closes the file and leaves it where it is, for a later command to find.
func (j *Journal) Close() error {
	if j == nil || j.file == nil {
		return nil
	}
	return j.file.Close()
}

// Remove removes a journal, if there is one: nothing is in doubt any more.
func Remove(path string) error {
	if err := seam.Before("journal end"); err != nil {
		return err
	}
	if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := seam.After("journal end"); err != nil {
		return err
	}
	return replace.Sync(filepath.Dir(path))
}
