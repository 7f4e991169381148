package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/plan"
	"nixproc/lib/profile"
)

// A switch writes a journal (lib/journal), and removes it when it has ended well
// or was undone. Whoever finds one goes on from what really runs: the steps that
// were done count, what was not touched is as it was before, and what is in
// doubt, because its step was only begun, has no key, so that it is equal to
// nothing and restarts.

// ending of the names of journals, which stand in the profile's work directory.
// In front of it is the name of the manager.
const ending = ".journal"

func (t Target) journalFile() string {
	return filepath.Join(t.Profile.WorkDir(), t.Manager.Name()+ending)
}

// InterruptedIn gives what switches of a profile have left that did not come to
// their end, by manager.
func InterruptedIn(where profile.Profile) (map[string]*journal.Found, error) {
	entries, err := os.ReadDir(where.WorkDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := map[string]*journal.Found{}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ending)
		if !ok {
			continue
		}
		left, err := journal.Read(filepath.Join(where.WorkDir(), entry.Name()))
		if err != nil {
			return nil, err
		}
		if left != nil {
			all[name] = left
		}
	}
	return all, nil
}

// Root is a link beside the journal that keeps a profile from garbage collection
// until End, also where its generation is gone. Outside of Nix's own directory it
// has to be registered.
func (t Target) Root(storePath string) string {
	return filepath.Join(t.roots(), filepath.Base(storePath))
}

func (t Target) roots() string {
	return filepath.Join(t.Profile.WorkDir(), t.Manager.Name()+".roots")
}

// hold makes the root of a profile.
func (t Target) hold(storePath string) error {
	if storePath == "" {
		return nil
	}
	if err := os.MkdirAll(t.roots(), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(storePath, t.Root(storePath)); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Begin writes down that a switch begins, with the options that a later command
// needs to find the same manager.
func (t *Target) Begin(storePath string, options []string) error {
	previous, err := t.FindPrevious()
	if err != nil {
		return err
	}
	if t.left, err = journal.Read(t.journalFile()); err != nil {
		return err
	}
	current, _, err := t.Profile.Current()
	if _, gone := errors.AsType[*profile.GoneError](err); err != nil && !gone {
		return err
	}
	about := journal.Switch{Old: previous.Path, New: storePath, At: current.Number, Making: t.Making, Options: options}
	if t.Journal, err = journal.Open(t.journalFile(), about); err != nil {
		return err
	}
	if err := errors.Join(t.hold(previous.Path), t.hold(storePath)); err != nil {
		err = fmt.Errorf("the profiles can't be kept from garbage collection: %w", err)
		if t.left == nil {
			err = errors.Join(err, t.End())
		}
		return err
	}
	return nil
}

// Interrupted is what a switch has left that did not come to its end; nil if
// there is none such.
func (t Target) Interrupted() (*journal.Found, error) {
	if t.Journal != nil {
		return t.left, nil
	}
	return journal.Read(t.journalFile())
}

// End says that nothing is in doubt any more. The generations that were made for
// switches that did not reach them go.
func (t Target) End() error {
	found, err := journal.Read(t.journalFile())
	if err != nil {
		return err
	}
	if found == nil {
		return nil
	}
	current, _, err := t.Profile.Current()
	if err != nil {
		return err
	}
	for _, number := range found.Making {
		if number == current.Number {
			continue
		}
		if err := t.Profile.Remove(number); err != nil {
			return err
		}
	}
	// In this order, so that nothing is left that nobody looks for.
	return errors.Join(t.Journal.Close(), os.RemoveAll(t.roots()), journal.Remove(t.journalFile()))
}

// InPlace are the units of a profile, "" for none, with those that a switch has
// touched that did not come to its end: they are not wanted.
func (t Target) InPlace(path string) ([]manager.Unit, error) {
	units, err := t.units(path)
	if err != nil {
		return nil, err
	}
	left, err := t.Interrupted()
	if err != nil || left == nil {
		return units, err
	}
	all, err := t.inPlace(units, left)
	for i, unit := range all {
		if !slices.ContainsFunc(units, func(own manager.Unit) bool { return own.Name == unit.Name }) {
			all[i].Wanted, all[i].WhyNot = false, "of a switch that did not come to its end"
		}
	}
	return all, err
}

// inPlace gives the units of the old profile as an interrupted switch has left
// them: those that it has started instead, and those of which it may have put
// files in place. What it has only begun is still to be told apart by doubt.
func (t Target) inPlace(old []manager.Unit, left *journal.Found) ([]manager.Unit, error) {
	all := slices.Clone(old)
	at := make(map[string]int, len(all))
	for i, unit := range all {
		at[unit.Name] = i
	}
	profiles := map[string]map[string]manager.Unit{}
	unitsOf := func(profile string) (map[string]manager.Unit, error) {
		if units, known := profiles[profile]; known {
			return units, nil
		}
		profiles[profile] = map[string]manager.Unit{}
		if _, err := os.Stat(profile); errors.Is(err, fs.ErrNotExist) {
			return nil, nil // collected as garbage: it can't tell any more
		}
		units, err := t.units(profile)
		for _, unit := range units {
			profiles[profile][unit.Name] = unit
		}
		return profiles[profile], err
	}
	for _, profile := range left.Installed {
		units, err := unitsOf(profile)
		if err != nil {
			return nil, err
		}
		for name, unit := range units {
			if _, there := at[name]; !there {
				unit.Key = ""
				at[name], all = len(all), append(all, unit)
			}
		}
	}
	for name, touched := range left.Units {
		units, err := unitsOf(touched.Profile)
		if err != nil {
			return nil, err
		}
		unit, known := units[name]
		i, there := at[name]
		switch {
		case known && there:
			all[i] = unit
		case known:
			at[name], all = len(all), append(all, unit)
		case there:
			all[i].Key = ""
		}
	}
	slices.SortFunc(all, func(a, b manager.Unit) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// doubt takes the key from the units that are not as the last step about them
// was to leave them.
func doubt(units []manager.Unit, left *journal.Found, states map[string]manager.State) {
	for i, unit := range units {
		if touched, ok := left.Units[unit.Name]; ok && !asDone(touched, states[unit.Name]) {
			units[i].Key = ""
		}
	}
}

// unready are the units of a plan that stay, though a switch that was interrupted
// has started them, and may not have seen that they are ready.
func unready(p plan.Plan, left *journal.Found) []manager.Unit {
	if left == nil {
		return nil
	}
	var units []manager.Unit
	for _, change := range p.Changes {
		if (change.Action == plan.Keep || change.Action == plan.Refresh) && left.Units[change.Name].Verb == "start" {
			units = append(units, *change.New)
		}
	}
	return units
}

// slack is how much a process may seem to have started too early or too late,
// since its start is reckoned by another clock.
const slack = 100 * time.Millisecond

// asDone says whether what runs is what a step that was done has left: the
// process was started while the step was at work. (One that was only begun has no
// end, and no process starts before that.)
func asDone(touched journal.Touched, state manager.State) bool {
	switch {
	case touched.Verb == "stop":
		return state.Condition == manager.Stopped
	case state.Condition != manager.Running || state.PID == 0:
		return false
	}
	since, alive := pidfile.Started(state.PID)
	return alive && !since.Before(touched.Begun.Add(-slack)) && !since.After(touched.Ended.Add(slack))
}

// ofInterrupted are the accounts that interrupted switches have made, or were
// about to remove.
func ofInterrupted(left *journal.Found) accounts.Set {
	if left == nil {
		return accounts.Set{}
	}
	return union(left.Created, left.Removed)
}

func union(a, b accounts.Set) accounts.Set {
	more, _ := accounts.Diff(a, b)
	return accounts.Set{Groups: slices.Concat(a.Groups, more.Groups), Users: slices.Concat(a.Users, more.Users)}
}
