package coordinator

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"nixproc/lib/manifestxml"
	"nixproc/lib/run"
)

// Disnix's lock on a machine is a file without an owner. So it is written down here
// which machines may have one of this coordinator.

// lock takes Disnix's lock on each machine, on all or on none; where an earlier switch
// may have left its lock, that is taken away first. After an error it gives the machines
// that may be locked by us all the same.
func (c *Coordinator) lock() (left []string, err error) {
	var mu sync.Mutex
	var found []string
	take := func(target manifestxml.Target) error {
		return c.activity(c.Soft, target, "--lock", "--profile", c.Where.Name)
	}
	failed := onAll(c.After.Targets, func(target manifestxml.Target) error {
		err := take(target)
		if !locked(err) || !slices.Contains(c.pending.Locks, target.Name) {
			return err
		}
		if c.unlockOne(target) == nil {
			mu.Lock()
			found = append(found, target.Name)
			mu.Unlock()
		}
		return take(target)
	})
	c.tellReleased(found)
	if len(failed) == 0 {
		return nil, nil
	}
	var taken []manifestxml.Target
	var text, may []string
	for _, target := range c.After.Targets {
		err := failed[target.Name]
		switch {
		case err == nil:
			taken = append(taken, target)
		case locked(err):
			text = append(text, fmt.Sprintf("%s is locked: another deployment of Disnix's profile %s is at work, or one was killed; if none is, unlock it: %s",
				target.Name, c.Where.Name, c.unlockLine(target)))
		default:
			text = append(text, fmt.Sprintf("%s can't be locked: %v", target.Name, Unanswered(err)))
			if c.Soft.Err() != nil { // it was only interrupted
				taken = append(taken, target)
			}
		}
		if err != nil && (!locked(err) || slices.Contains(c.pending.Locks, target.Name)) {
			may = append(may, target.Name)
		}
	}
	_, left = c.unlock(taken)
	return slices.Concat(left, may, c.lockedElsewhere()), fmt.Errorf("%s\nnothing was started or stopped", strings.Join(text, "\n"))
}

// locked says whether somebody has the lock of a machine.
func locked(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Cannot exclusively open the lock file")
}

func (c *Coordinator) unlockOne(target manifestxml.Target) error {
	return c.activity(c.Hard, target, "--unlock", "--profile", c.Where.Name)
}

// unlock gives locks back, and tells of those that it could not. What is left is for
// the next switch.
func (c *Coordinator) unlock(targets []manifestxml.Target) (released, left []string) {
	failed := onAll(targets, func(target manifestxml.Target) error { return c.unlockOne(target) })
	for _, target := range targets {
		switch err := failed[target.Name]; {
		case err == nil:
			released = append(released, target.Name)
		case strings.Contains(err.Error(), "There is no lock file"): // somebody was faster
		default:
			left = append(left, target.Name)
			if c.Hard.Err() == nil {
				c.Tell("warning: %s may still be locked: %v\nthe next network-switch unlocks it; to unlock it now, run: %s", target.Name, Unanswered(err), c.unlockLine(target))
			}
		}
	}
	if left != nil && c.Hard.Err() != nil {
		c.Tell("warning: %s may be locked until the next network-switch", strings.Join(left, ", "))
	}
	return released, left
}

// release gives back the locks that earlier switches may have left on the machines
// that there are, and gives those that may be there still.
func (c *Coordinator) release() []string {
	released, left := c.unlock(slices.DeleteFunc(slices.Clone(c.After.Targets), func(target manifestxml.Target) bool {
		return !slices.Contains(c.pending.Locks, target.Name)
	}))
	c.tellReleased(released)
	return append(left, c.lockedElsewhere()...)
}

func (c *Coordinator) tellReleased(machines []string) {
	if machines != nil {
		slices.Sort(machines)
		c.Tell("unlocked %s, where an earlier network-switch had left its lock", strings.Join(machines, ", "))
	}
}

// lockable are all machines that may be locked while a switch is at work.
func (c *Coordinator) lockable() []string {
	machines := c.lockedElsewhere()
	for _, target := range c.After.Targets {
		machines = append(machines, target.Name)
	}
	return machines
}

// lockedElsewhere are those that may be locked, and are no longer in the
// infrastructure.
func (c *Coordinator) lockedElsewhere() (machines []string) {
	for _, name := range c.pending.Locks {
		if !slices.ContainsFunc(c.After.Targets, func(target manifestxml.Target) bool { return target.Name == name }) {
			machines = append(machines, name)
		}
	}
	return machines
}

// unlockLine is the command line that takes a lock of Disnix away.
func (c *Coordinator) unlockLine(target manifestxml.Target) string {
	return run.Line(target.ClientInterface, "--target", target.Address, "--unlock", "--profile", c.Where.Name)
}
