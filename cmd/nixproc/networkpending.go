package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/profile"
	"nixproc/lib/replace"
)

// pending are the switches of a network that did not come to their end: those that
// were killed, or could not be undone. What they were to deploy may be there.
type pending struct {
	Switches []pendingSwitch `json:"switches"`
	Locks    []string        `json:"locks,omitempty"` // machines that may be locked, by these or by one that came to its end
}

type pendingSwitch struct {
	Generation int             `json:"generation"`         // its manifest's link, which keeps the packages
	Made       bool            `json:"made"`               // for this switch
	AsBefore   []network.Place `json:"asBefore,omitempty"` // seen to be as the current generation has it, or never touched
}

func (w networkWork) pendingFile() string { return filepath.Join(w.where.WorkDir(), "network.json") }

// readPending reads what is deployed, and where that is in doubt.
func (w *networkWork) readPending() error {
	w.current = placed(w.before)
	w.deployed = w.current
	data, err := os.ReadFile(w.pendingFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &w.pending)
	}
	if err != nil {
		return fmt.Errorf("what a switch that did not come to its end has left can't be read: %s: %w", w.pendingFile(), err)
	}
	shown := map[network.Place]bool{}
	for _, m := range w.before.Mappings {
		shown[network.Place{Machine: m.Target, Process: m.Name}] = true
	}
	for _, one := range w.pending.Switches {
		path, err := os.Readlink(w.where.Link(one.Generation))
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody has deleted the generation
		}
		if err != nil {
			return err
		}
		begun, err := manifestxml.ReadNetwork(path)
		if err != nil {
			return err
		}
		w.deployed = network.InDoubt(w.deployed, placed(begun), one.AsBefore)
		for _, target := range begun.Targets {
			if !slices.ContainsFunc(w.before.Targets, func(one manifestxml.Target) bool { return one.Name == target.Name }) {
				target.Profile = "" // nothing is to be kept there
				w.before.Targets = append(w.before.Targets, target)
			}
		}
		for _, m := range begun.Mappings {
			place := network.Place{Machine: m.Target, Process: m.Name}
			if _, there := w.deployed[m.Target][m.Name]; there && !shown[place] {
				shown[place] = true
				w.before.Mappings = append(w.before.Mappings, m)
			}
		}
	}
	return nil
}

// switchingError says that somebody else is switching the network.
type switchingError struct{ *deploy.BusyError }

func (e switchingError) Error() string {
	return fmt.Sprintf("a network-switch is at work (pid %d, since %s): %s", e.Holder.PID, e.Holder.Since.Format(time.DateTime), e.Holder.Command)
}

func (e switchingError) Unwrap() error { return e.BusyError }

// switching is a switchingError if a switch is at work. Whoever wants to read what one
// has left that did not come to its end asks this first: a switch holds the lock for
// long before it writes that.
func (s *session) switching(where profile.Profile) error {
	err := deploy.Free(s.soft, where.LockFile(), false)
	if busy, ok := errors.AsType[*deploy.BusyError](err); ok && busy.Holder.PID != 0 {
		return switchingError{busy}
	}
	return err
}

// writePending remembers the switch that begins, and those that are still in doubt.
func (w networkWork) writePending(p pending) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return replace.File(w.pendingFile(), data, 0o644)
}

// settle forgets a switch, and all that were in doubt if it came to its end, but not
// the locks that may be left. The generations that were made for those that did not
// go.
func (w networkWork) settle(switched pendingSwitch, deployed bool, locks []string) error {
	left := pending{w.pending.Switches, locks}
	gone := []pendingSwitch{switched}
	if deployed {
		gone, left.Switches = append(left.Switches, switched), nil
	}
	current, _, err := w.where.Current()
	if err != nil {
		return err
	}
	for _, one := range gone {
		if one.Made && one.Generation != current.Number {
			if err := w.where.Remove(one.Generation); err != nil {
				return err
			}
		}
	}
	if len(left.Switches) > 0 || len(locks) > 0 {
		return w.writePending(left)
	}
	if err := os.Remove(w.pendingFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
