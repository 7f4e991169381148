package main

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
func (s *session) lock(w networkWork) (left []string, err error) {
	var mu sync.Mutex
	var found []string
	take := func(target manifestxml.Target) error {
		return s.activity(s.soft, target, "--lock", "--profile", w.where.Name)
	}
	failed := onAll(w.after.Targets, func(target manifestxml.Target) error {
		err := take(target)
		if !locked(err) || !slices.Contains(w.pending.Locks, target.Name) {
			return err
		}
		if s.unlockOne(w, target) == nil {
			mu.Lock()
			found = append(found, target.Name)
			mu.Unlock()
		}
		return take(target)
	})
	tellReleased(found)
	if len(failed) == 0 {
		return nil, nil
	}
	var taken []manifestxml.Target
	var text, may []string
	for _, target := range w.after.Targets {
		err := failed[target.Name]
		switch {
		case err == nil:
			taken = append(taken, target)
		case locked(err):
			text = append(text, fmt.Sprintf("%s is locked: another deployment of Disnix's profile %s is at work, or one was killed; if none is, unlock it: %s",
				target.Name, w.where.Name, unlockLine(w, target)))
		default:
			text = append(text, fmt.Sprintf("%s can't be locked: %v", target.Name, unanswered(err)))
			if s.soft.Err() != nil { // it was only interrupted
				taken = append(taken, target)
			}
		}
		if err != nil && (!locked(err) || slices.Contains(w.pending.Locks, target.Name)) {
			may = append(may, target.Name)
		}
	}
	_, left = s.unlock(w, taken)
	return slices.Concat(left, may, w.lockedElsewhere()), fmt.Errorf("%s\nnothing was started or stopped", strings.Join(text, "\n"))
}

// locked says whether somebody has the lock of a machine.
func locked(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Cannot exclusively open the lock file")
}

func (s *session) unlockOne(w networkWork, target manifestxml.Target) error {
	return s.activity(s.ctx, target, "--unlock", "--profile", w.where.Name)
}

// unlock gives locks back, and tells of those that it could not. What is left is for
// the next switch.
func (s *session) unlock(w networkWork, targets []manifestxml.Target) (released, left []string) {
	failed := onAll(targets, func(target manifestxml.Target) error { return s.unlockOne(w, target) })
	for _, target := range targets {
		switch err := failed[target.Name]; {
		case err == nil:
			released = append(released, target.Name)
		case strings.Contains(err.Error(), "There is no lock file"): // somebody was faster
		default:
			left = append(left, target.Name)
			if s.ctx.Err() == nil {
				note("warning: %s may still be locked: %v\nthe next network-switch unlocks it; to unlock it now, run: %s", target.Name, unanswered(err), unlockLine(w, target))
			}
		}
	}
	if left != nil && s.ctx.Err() != nil {
		note("warning: %s may be locked until the next network-switch", strings.Join(left, ", "))
	}
	return released, left
}

// release gives back the locks that earlier switches may have left on the machines
// that there are, and gives those that may be there still.
func (s *session) release(w networkWork) []string {
	released, left := s.unlock(w, slices.DeleteFunc(slices.Clone(w.after.Targets), func(target manifestxml.Target) bool {
		return !slices.Contains(w.pending.Locks, target.Name)
	}))
	tellReleased(released)
	return append(left, w.lockedElsewhere()...)
}

func tellReleased(machines []string) {
	if machines != nil {
		slices.Sort(machines)
		note("unlocked %s, where an earlier network-switch had left its lock", strings.Join(machines, ", "))
	}
}

// lockable are all machines that may be locked while a switch is at work.
func (w networkWork) lockable() []string {
	machines := w.lockedElsewhere()
	for _, target := range w.after.Targets {
		machines = append(machines, target.Name)
	}
	return machines
}

// lockedElsewhere are those that may be locked, and are no longer in the
// infrastructure.
func (w networkWork) lockedElsewhere() (machines []string) {
	for _, name := range w.pending.Locks {
		if !slices.ContainsFunc(w.after.Targets, func(target manifestxml.Target) bool { return target.Name == name }) {
			machines = append(machines, name)
		}
	}
	return machines
}

// unlockLine is the command line that takes a lock of Disnix away.
func unlockLine(w networkWork, target manifestxml.Target) string {
	return run.Line(target.ClientInterface, "--target", target.Address, "--unlock", "--profile", w.where.Name)
}
