package coordinator

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

// DisnixTimeout bounds what Disnix builds and copies.
const DisnixTimeout = 12 * time.Hour

// copiesAtOnce bounds to how many machines packages are copied side by side: two, if
// nothing is said, though most of the time goes into asking what they lack.
const copiesAtOnce = 8

// Deploy brings about what was decided. Disnix copies the packages, and each machine is
// told through Disnix's interface what to do; what is done when, and what is taken back
// if a step fails, is decided here. Once a machine was told to do something, the error
// is a *Failure.
func (c *Coordinator) Deploy() error {
	if c.manifest == c.old && len(c.pending.Switches) == 0 && !slices.ContainsFunc(c.Changes, func(one network.Change) bool { return one.Action != plan.Keep && one.Action != network.Leave }) {
		var err error
		if c.pending.Locks != nil {
			err = c.settle(pendingSwitch{}, true, c.release())
		}
		return errors.Join(err, c.keepID())
	}
	this, err := c.keepManifest()
	if err != nil {
		return err
	}
	if err := c.copyPackages(); err != nil {
		return errors.Join(err, c.settle(this, false, c.pending.Locks))
	}
	begun := pending{append(slices.Clone(c.pending.Switches), this), c.lockable()}
	if err := errors.Join(c.keepID(), c.writePending(begun)); err != nil {
		return errors.Join(err, c.settle(this, false, c.pending.Locks))
	}
	if locks, err := c.lock(); err != nil {
		return errors.Join(err, c.settle(this, false, locks))
	}
	transition := network.Transition{
		Do: c.step, Stopped: c.Soft.Done(), Left: c.Hard.Done(), Jobs: c.Jobs, All: askedAtOnce,
	}
	results, err := transition.Run(c.Changes)
	if err == nil {
		if err = c.setProfiles(c.After); err == nil {
			err = c.Where.Switch(this.Generation)
		}
		if err != nil && c.Hard.Err() == nil {
			err = errors.Join(err, c.setProfiles(c.Before))
		}
	}
	if err == nil {
		_, locks := c.unlock(c.After.Targets)
		return c.settle(this, true, append(locks, c.lockedElsewhere()...))
	}
	undo := transition.Undo(results)
	_, locks := c.unlock(c.After.Targets)
	locks = append(locks, c.lockedElsewhere()...)
	failure := c.failure(results, err, undo != nil)
	for i, earlier := range c.pending.Switches {
		c.pending.Switches[i].AsBefore = append(earlier.AsBefore, failure.certain...)
	}
	if failure.Wrong {
		this.AsBefore = failure.asBefore
		return errors.Join(failure, c.writePending(pending{append(c.pending.Switches, this), locks}))
	}
	return errors.Join(failure, c.settle(this, false, locks))
}

// keepManifest gives the manifest a generation, which keeps all that it is made of.
func (c *Coordinator) keepManifest() (pendingSwitch, error) {
	if c.generation != 0 {
		return pendingSwitch{Generation: c.generation}, nil
	}
	number, exists, err := c.Where.NumberFor(c.manifest)
	if err != nil || exists {
		return pendingSwitch{Generation: number}, err
	}
	return pendingSwitch{Generation: number, Made: true}, c.Keep(c.manifest, c.Where.Link(number))
}

// copyPackages has Disnix copy to each machine what it lacks.
func (c *Coordinator) copyPackages() error {
	if _, err := exec.LookPath("disnix-distribute"); err != nil {
		return errors.New("disnix-distribute is not on the PATH: install Disnix")
	}
	_, err := run.Host{}.Run(c.Soft, run.Command{Args: []string{"disnix-distribute", "--max-concurrent-transfers", strconv.Itoa(copiesAtOnce), c.manifest}, Timeout: DisnixTimeout})
	if err == nil || c.Soft.Err() != nil {
		return errors.Join(err, c.Soft.Err())
	}
	var machines []string
	for _, target := range c.After.Targets {
		if strings.Contains(err.Error(), fmt.Sprintf("[target: %s]: Cannot ", target.Name)) {
			machines = append(machines, target.Name)
		}
	}
	return fmt.Errorf("the packages could not be copied to %s; nothing was touched: %w", strings.Join(machines, ", "), err)
}
