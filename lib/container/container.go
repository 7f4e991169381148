// Package container brings the processes of a profile up in their order when a
// container starts, and down again in the reverse order when it is to end. It
// must not know what else the first process of a container has to do.
package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/plan"
)

// Container is what a container runs.
type Container struct {
	// Profile is a profile of a process manager whose processes need no other
	// program to keep them: init scripts, or a manifest of Disnix. It may be a
	// link that moves, and missing: then nothing is deployed yet.
	Profile  string
	Runlevel string
	Jobs     int // how many processes start or stop side by side
	Settle   time.Duration
	Watch    time.Duration // how often it looks whether all run still
	// StopWithin is how long processes may take to end one after the other. After
	// that, or another signal, all that are left are ended at once.
	StopWithin time.Duration
	Tell       func(string) // prints a message
}

// The codes that Run gives.
const (
	Done   = 0  // it was asked to end, and all processes have ended
	Failed = 1  // a process failed to start; those that had started were stopped
	Killed = 2  // processes did not end by themselves: who ends the container kills them
	Wrong  = 65 // the profile can't be read, or is for another process manager
)

// Run brings all up and, when a signal asks for it, down. SIGHUP starts what is
// deployed and does not run.
func (c Container) Run(signals <-chan os.Signal) int {
	asked := c.listen(signals)
	defer asked.abort()
	var now deployed
	var seen seen
	if err := c.startAll(asked, &now, &seen); err != nil {
		if now.manager == nil {
			c.Tell(err.Error())
			return Wrong
		}
		return c.failed(asked, now, err)
	}
	watch := time.NewTicker(c.Watch)
	defer watch.Stop()
	for {
		select {
		case <-asked.soft.Done():
			return c.down(asked.ctx, now)
		case <-watch.C:
			c.watch(&seen)
		case <-asked.again:
			if err := c.startAll(asked, &now, &seen); err != nil {
				c.Tell(err.Error())
			}
		}
	}
}

// failed tells of a failure to start, ends what is left, and gives the exit code.
func (c Container) failed(asked asked, now deployed, err error) int {
	code := Failed
	if asked.soft.Err() != nil {
		code = Done
		c.Tell("it was asked to end before all had started")
	} else {
		c.Tell(err.Error())
	}
	failure, ok := errors.AsType[*deploy.Failure](err)
	if ok && failure.Undone() {
		c.Tell("what had started was stopped")
		return code
	}
	if ok && asked.ctx.Err() == nil {
		for _, wrong := range failure.Wrong {
			c.Tell(fmt.Sprintf("process '%s': %v", wrong.Process, wrong.Why))
		}
	}
	if c.endLeft(now) {
		return code
	}
	return Killed
}

// up starts what a plan says, and takes that back if it fails.
func (c Container) up(asked asked, now deployed, what plan.Plan, seen *seen) error {
	for _, change := range what.Changes {
		if change.Action == plan.Skip {
			c.Tell(fmt.Sprintf("process '%s' is not started: %s", change.Name, change.Reason))
		}
	}
	d := deploy.Deployment{Manager: now.manager, Jobs: c.Jobs, Settle: c.Settle, Observe: c.observe}
	err := d.Run(asked.ctx, asked.soft, deploy.Work{Plan: what, Commit: func() error { return nil }})
	if err == nil && len(what.Starts) > 0 {
		c.watch(seen)
		c.Tell("all processes run")
	}
	return err
}

// startAll starts what is deployed by now and does not run.
func (c Container) startAll(asked asked, now *deployed, seen *seen) error {
	defer c.hold(asked.soft)()
	current, err := c.current()
	if err != nil {
		return err
	}
	first := now.manager == nil
	*now = current
	if first {
		if err := now.prepare(); err != nil {
			c.Tell("warning: " + err.Error())
		}
		if err := now.writable(); err != nil {
			return err
		}
	}
	states, err := now.manager.Status(asked.ctx, now.units)
	if err != nil {
		return err
	}
	return c.up(asked, *now, plan.Make(now.units, now.units, states, plan.Options{}), seen)
}

var past = map[string]string{"start": "started", "stop": "stopped", "become ready": "ready"}

func (c Container) observe(event deploy.Event) {
	switch {
	case event.Waiting:
		c.Tell(fmt.Sprintf("process '%s' takes long to %s", event.Process, event.Verb))
	case event.Verb == "warning":
		c.Tell(fmt.Sprintf("warning: process '%s': %v", event.Process, event.Err))
	case event.Err == nil && past[event.Verb] != "":
		c.Tell(fmt.Sprintf("process '%s': %s", event.Process, past[event.Verb]))
	}
}

// asked is what signals have asked for.
type asked struct {
	soft  context.Context // ends when the container is to end
	ctx   context.Context // ends when it is to end at once
	abort func()
	again chan struct{} // start again what does not run
}

// listen takes the signals from now on.
func (c Container) listen(signals <-chan os.Signal) asked {
	soft, end := context.WithCancel(context.Background())
	ctx, abort := context.WithCancel(context.Background())
	a := asked{soft: soft, ctx: ctx, again: make(chan struct{}, 1), abort: abort}
	go func() {
		for {
			select {
			case <-ctx.Done():
				end()
				return
			case received := <-signals:
				switch {
				case received == syscall.SIGHUP:
					select {
					case a.again <- struct{}{}:
					default: // it is to come anyway
					}
				case soft.Err() == nil:
					end()
					time.AfterFunc(c.StopWithin, abort)
				default:
					abort()
				}
			}
		}
	}()
	return a
}

// deployed is a generation of a profile.
type deployed struct {
	manager manager.Manager
	units   []manager.Unit
	dirs    directories
}

// current reads the generation that the profile is at.
func (c Container) current() (deployed, error) {
	path, err := filepath.EvalSymlinks(c.Profile)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(filepath.Dir(c.Profile)); err == nil {
			return deployed{manager: nothing}, nil
		}
	}
	if err != nil {
		return deployed{}, fmt.Errorf("the profile can't be read: %w", err)
	}
	return c.read(path)
}
