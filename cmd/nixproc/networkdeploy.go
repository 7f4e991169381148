package main

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/network"
	"nixproc/lib/plan"
	"nixproc/lib/run"
)

// disnixTimeout bounds what Disnix builds and copies.
const disnixTimeout = 12 * time.Hour

// copiesAtOnce bounds to how many machines packages are copied side by side: two, if
// nothing is said, though most of the time goes into asking what they lack.
const copiesAtOnce = 8

// deployNetwork brings about what was decided. Disnix copies the packages, and each
// machine is told through Disnix's interface what to do; what is done when, and what
// is taken back if a step fails, is decided here.
func (s *session) deployNetwork(o *options, w networkWork) error {
	if w.manifest == w.old && len(w.pending.Switches) == 0 && !slices.ContainsFunc(w.changes, func(c network.Change) bool { return c.Action != plan.Keep && c.Action != network.Leave }) {
		var err error
		if w.pending.Locks != nil {
			err = w.settle(pendingSwitch{}, true, s.release(w))
		}
		return errors.Join(err, keepIDs(o), w.keepID(), s.networkDone(o, w))
	}
	this, err := s.keepManifest(w)
	if err != nil {
		return err
	}
	if err := s.copyPackages(w); err != nil {
		return errors.Join(err, w.settle(this, false, w.pending.Locks))
	}
	begun := pending{append(slices.Clone(w.pending.Switches), this), w.lockable()}
	if err := errors.Join(w.keepID(), w.writePending(begun)); err != nil {
		return errors.Join(err, w.settle(this, false, w.pending.Locks))
	}
	if locks, err := s.lock(w); err != nil {
		return errors.Join(err, w.settle(this, false, locks))
	}
	transition := network.Transition{
		Do:      func(step network.Step) error { return s.step(w, step) },
		Stopped: s.soft.Done(), Left: s.ctx.Done(), Jobs: o.jobs, All: askedAtOnce,
	}
	results, err := transition.Run(w.changes)
	if err == nil {
		if err = s.setProfiles(w, w.after); err == nil {
			err = w.where.Switch(this.Generation)
		}
		if err != nil && s.ctx.Err() == nil {
			err = errors.Join(err, s.setProfiles(w, w.before))
		}
	}
	if err == nil {
		_, locks := s.unlock(w, w.after.Targets)
		return errors.Join(w.settle(this, true, append(locks, w.lockedElsewhere()...)), keepIDs(o), s.networkDone(o, w))
	}
	undo := transition.Undo(results)
	_, locks := s.unlock(w, w.after.Targets)
	locks = append(locks, w.lockedElsewhere()...)
	failure := s.networkFailed(o, w, results, err, undo != nil)
	for i, earlier := range w.pending.Switches {
		w.pending.Switches[i].AsBefore = append(earlier.AsBefore, failure.certain...)
	}
	if failure.wrong {
		this.AsBefore = failure.asBefore
		return errors.Join(failure, w.writePending(pending{append(w.pending.Switches, this), locks}))
	}
	return errors.Join(failure, w.settle(this, false, locks))
}

// keepManifest gives the manifest a generation, which keeps all that it is made of.
func (s *session) keepManifest(w networkWork) (pendingSwitch, error) {
	if w.generation != 0 {
		return pendingSwitch{Generation: w.generation}, nil
	}
	number, exists, err := numberFor(w.where, w.manifest)
	if err != nil || exists {
		return pendingSwitch{Generation: number}, err
	}
	nix, err := newNix(s.soft)
	if err == nil {
		err = nix.Keep(s.soft, w.manifest, w.where.Link(number))
	}
	return pendingSwitch{Generation: number, Made: true}, err
}

// copyPackages has Disnix copy to each machine what it lacks.
func (s *session) copyPackages(w networkWork) error {
	if _, err := exec.LookPath("disnix-distribute"); err != nil {
		return errors.New("disnix-distribute is not on the PATH: install Disnix")
	}
	_, err := run.Host{}.Run(s.soft, run.Command{Args: []string{"disnix-distribute", "--max-concurrent-transfers", strconv.Itoa(copiesAtOnce), w.manifest}, Timeout: disnixTimeout})
	if err == nil || s.soft.Err() != nil {
		return errors.Join(err, s.soft.Err())
	}
	var machines []string
	for _, target := range w.after.Targets {
		if strings.Contains(err.Error(), fmt.Sprintf("[target: %s]: Cannot ", target.Name)) {
			machines = append(machines, target.Name)
		}
	}
	return fmt.Errorf("the packages could not be copied to %s; nothing was touched: %w", strings.Join(machines, ", "), err)
}

// networkError is a deployment to a network that failed.
type networkError struct {
	text  string
	wrong bool // not everything is as it was, or nobody can tell

	asBefore []network.Place // what is as it was when the switch began
	certain  []network.Place // what is as the current generation has it
}

func (e *networkError) Error() string { return e.text }
