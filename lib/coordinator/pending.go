package coordinator

import (
	"context"
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

func (c *Coordinator) pendingFile() string { return filepath.Join(c.Where.WorkDir(), "network.json") }

// readPending reads what is deployed, and where that is in doubt.
func (c *Coordinator) readPending() error {
	c.Current = Placed(c.Before)
	c.Deployed = c.Current
	data, err := os.ReadFile(c.pendingFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c.pending)
	}
	if err != nil {
		return fmt.Errorf("what a switch that did not come to its end has left can't be read: %s: %w", c.pendingFile(), err)
	}
	shown := map[network.Place]bool{}
	for _, m := range c.Before.Mappings {
		shown[network.Place{Machine: m.Target, Process: m.Name}] = true
	}
	for _, one := range c.pending.Switches {
		path, err := os.Readlink(c.Where.Link(one.Generation))
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
		c.Deployed = network.InDoubt(c.Deployed, Placed(begun), one.AsBefore)
		for _, target := range begun.Targets {
			if !slices.ContainsFunc(c.Before.Targets, func(one manifestxml.Target) bool { return one.Name == target.Name }) {
				target.Profile = "" // nothing is to be kept there
				c.Before.Targets = append(c.Before.Targets, target)
			}
		}
		for _, m := range begun.Mappings {
			place := network.Place{Machine: m.Target, Process: m.Name}
			if _, there := c.Deployed[m.Target][m.Name]; there && !shown[place] {
				shown[place] = true
				c.Before.Mappings = append(c.Before.Mappings, m)
			}
		}
	}
	return nil
}

// BusyError says that somebody else is switching the network.
type BusyError struct{ *deploy.BusyError }

func (e BusyError) Error() string {
	return fmt.Sprintf("a network-switch is at work (pid %d, since %s): %s", e.Holder.PID, e.Holder.Since.Format(time.DateTime), e.Holder.Command)
}

func (e BusyError) Unwrap() error { return e.BusyError }

// Free is a BusyError if a switch is at work. Whoever wants to read what one
// has left that did not come to its end asks this first: a switch holds the lock for
// long before it writes that.
func Free(ctx context.Context, where profile.Profile) error {
	err := deploy.Free(ctx, where.LockFile(), false)
	if busy, ok := errors.AsType[*deploy.BusyError](err); ok && busy.Holder.PID != 0 {
		return BusyError{busy}
	}
	return err
}

// writePending remembers the switch that begins, and those that are still in doubt.
func (c *Coordinator) writePending(p pending) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return replace.File(c.pendingFile(), data, 0o644)
}

// settle forgets a switch, and all that were in doubt if it came to its end, but not
// the locks that may be left. The generations that were made for those that did not
// go.
func (c *Coordinator) settle(switched pendingSwitch, deployed bool, locks []string) error {
	left := pending{c.pending.Switches, locks}
	gone := []pendingSwitch{switched}
	if deployed {
		gone, left.Switches = append(left.Switches, switched), nil
	}
	current, _, err := c.Where.Current()
	if err != nil {
		return err
	}
	for _, one := range gone {
		if one.Made && one.Generation != current.Number {
			if err := c.Where.Remove(one.Generation); err != nil {
				return err
			}
		}
	}
	if len(left.Switches) > 0 || len(locks) > 0 {
		return c.writePending(left)
	}
	if err := os.Remove(c.pendingFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
