package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"nixproc/lib/accounts"
)

// Found is what a journal tells that a switch has left. Where several switches
// were killed one after the other, it is of all of them.
type Found struct {
	Last   Switch
	Making []int // generations that were made for a switch, and not seen reached
	// Units tells, by name, what was last done to each unit that was touched.
	Units map[string]Touched
	// Installed are the profiles whose files may be in place, the latest last.
	Installed []string
	// Calls are the programs that may be at work still.
	Calls []Call
	// Created are accounts that did not exist before, and Removed those that
	// were to be removed.
	Created, Removed accounts.Set
	// Over says that the last switch was not killed: nothing that it has started
	// is still to show itself.
	Over bool
}

// Touched is a unit that a step was about.
type Touched struct {
	Profile string
	Verb    string // start or stop
	Done    bool
	// Begun and Ended are when the step was; Ended is zero if it is not done.
	Begun, Ended time.Time
}

// Read reads a journal. It gives nil if there is none. One that was only made
// tells of no switch.
func Read(path string) (*Found, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	whole, err := read(path)
	if err != nil {
		return nil, err
	}
	f := &Found{Units: map[string]Touched{}}
	for _, r := range whole.records {
		f.add(r)
	}
	return f, nil
}

// lines are the records of a file, and how much of the file they are.
type lines struct {
	records []record
	length  int64
}

// read reads a file, if there is one. What comes behind a damaged line has no
// step built upon it.
func read(path string) (whole lines, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return whole, nil
	}
	if err != nil {
		return whole, fmt.Errorf("what an interrupted switch has done can't be told: %w", err)
	}
	for line := range bytes.Lines(data) {
		var r record
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &r) != nil {
			break
		}
		if r.Switch != nil && r.Switch.Schema > schema {
			return whole, fmt.Errorf("%s was written by a later nixproc than this one: use that one to recover from it", path)
		}
		whole.records, whole.length = append(whole.records, r), whole.length+int64(len(line))
	}
	return whole, nil
}

func (f *Found) add(r record) {
	switch {
	case r.Switch != nil:
		f.Last, f.Over = *r.Switch, false
		f.Making = slices.DeleteFunc(f.Making, func(number int) bool { return number == r.Switch.At })
		if r.Switch.Making != 0 && !slices.Contains(f.Making, r.Switch.Making) {
			f.Making = append(f.Making, r.Switch.Making)
		}
	case r.Accounts != nil:
		f.Created = union(f.Created, r.Accounts.Create)
		f.Removed = union(f.Removed, r.Accounts.Remove)
	case r.Begun != nil && r.Begun.Verb == "install":
		f.Installed = append(f.Installed, r.Begun.Profile)
	case r.Begun != nil:
		for _, name := range r.Begun.Units {
			f.Units[name] = Touched{Profile: r.Begun.Profile, Verb: r.Begun.Verb, Begun: r.At}
		}
	case r.Done != nil:
		f.done(*r.Done, r.At)
	case r.Call != nil:
		f.Calls = append(f.Calls, *r.Call)
	case r.Over:
		f.Over = true
	}
}

func (f *Found) done(step Step, at time.Time) {
	for _, name := range step.Units {
		touched, ok := f.Units[name]
		if ok && touched.Verb == step.Verb && touched.Profile == step.Profile {
			touched.Done, touched.Ended = true, at
			f.Units[name] = touched
		}
	}
}

// union adds the accounts that a set has not.
func union(a, b accounts.Set) accounts.Set {
	more, _ := accounts.Diff(a, b)
	a.Groups = append(a.Groups, more.Groups...)
	a.Users = append(a.Users, more.Users...)
	return a
}
