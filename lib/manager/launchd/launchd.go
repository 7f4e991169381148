// Package launchd runs processes as jobs of macOS's launchd, through launchctl(1):
// the system's daemons or a user's agents. It knows plists, the directory that
// launchd reads at boot or login, and what launchctl prints; what is to run, and
// in which order, it is told: launchd itself knows no order.
package launchd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager runs jobs in one domain.
type Manager struct {
	Runner  run.Runner
	Domain  string // system, gui/UID or user/UID
	Dir     string // where launchd finds plists at boot or login
	Profile string // whose plists these are; it stands in them
	Store   string // links that lead into it are those of the older tools
}

// Name of the manager.
func (Manager) Name() string { return "launchd" }

func (m Manager) target(label string) string { return m.Domain + "/" + label }

func (m Manager) place(unit manager.Unit) string {
	return filepath.Join(m.Dir, filepath.Base(unit.File))
}

// Command is the line that a person would type.
func (m Manager) Command(verb string, unit manager.Unit) string {
	if verb == "stop" {
		return quote.ShellWords("launchctl", "bootout", m.target(own(unit).Label))
	}
	return quote.ShellWords("launchctl", "bootstrap", m.Domain, m.place(unit))
}

func own(unit manager.Unit) Unit {
	one, _ := unit.Own.(Unit)
	return one
}

// Status asks launchd once for all jobs.
func (m Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	if len(units) == 0 {
		return nil, nil
	}
	labels := make([]string, len(units))
	for i, unit := range units {
		labels[i] = own(unit).Label
	}
	jobs, err := m.jobs(ctx, labels)
	if err != nil {
		return nil, err
	}
	states := make(map[string]manager.State, len(units))
	for i, unit := range units {
		job, loaded := jobs[labels[i]]
		states[unit.Name] = state(own(unit), job, loaded)
	}
	return states, nil
}

func state(unit Unit, job job, loaded bool) manager.State {
	switch {
	case !loaded:
		return manager.State{Condition: manager.Stopped, Detail: "launchd has not loaded it"}
	case job.pid > 0:
		since, _ := pidfile.Started(job.pid)
		return manager.State{Condition: manager.Running, PID: job.pid, Since: since}
	case unit.Activated:
		return manager.State{Detail: "waits to be activated"}
	case unit.MayEnd && job.exited && job.lastExit == "0":
		return manager.State{Detail: "done"}
	case job.exited:
		return manager.State{Condition: manager.Stopped, Detail: "it ended: " + job.lastExit}
	}
	return manager.State{Condition: manager.Stopped, Detail: "loaded, but not started"}
}

const (
	pollEvery = 100 * time.Millisecond
	// patience is how long a job may take to be seen running, and how much
	// longer than its own time one may take to be gone.
	patience = 20 * time.Second
)

// Start loads a job from its plist and starts it. One that is loaded already is
// unloaded first: it may have been loaded from another plist.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	label := own(unit).Label
	if err := m.Stop(ctx, unit); err != nil {
		return err
	}
	// What a person has disabled can't be loaded.
	if _, err := m.ctl(ctx, "enable", m.target(label)); err != nil {
		return err
	}
	if err := m.bootstrap(ctx, unit); err != nil {
		return err
	}
	if own(unit).Activated {
		return nil
	}
	// Most run by now, and launchctl says so with an exit code: what counts is
	// whether the job runs.
	_, kickErr := m.ctl(ctx, "kickstart", m.target(label))
	return m.await(ctx, unit, kickErr)
}

// tooEarly is EIO: right after an unloading, launchd may still be busy with it,
// though it has forgotten the job.
const (
	tooEarly   = 5
	againFor   = 3 * time.Second
	againEvery = 300 * time.Millisecond
)

func (m Manager) bootstrap(ctx context.Context, unit manager.Unit) error {
	for deadline := time.Now().Add(againFor); ; {
		_, err := m.ctl(ctx, "bootstrap", m.Domain, m.place(unit))
		if run.Code(err) != tooEarly || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(againEvery):
		}
	}
}

// await waits until a job runs.
func (m Manager) await(ctx context.Context, unit manager.Unit, kickErr error) error {
	deadline := time.Now().Add(patience)
	for {
		job, loaded, err := m.job(ctx, own(unit).Label)
		switch {
		case err != nil:
			return err
		case !loaded:
			return errors.Join(errors.New("launchd has unloaded it"), kickErr)
		case job.pid > 0 && job.state == "running", own(unit).MayEnd && job.exited && job.lastExit == "0":
			return nil
		case job.exited && job.pid == 0:
			return fmt.Errorf("it ended: launchd says %s, last exit code %s%s", job.state, job.lastExit, words(unit))
		case time.Now().After(deadline):
			return errors.Join(fmt.Errorf("after %s launchd still says of it: %s%s", patience, job.state, words(unit)), kickErr)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// Stop unloads a job, which ends its process, and waits until launchd has
// forgotten it.
func (m Manager) Stop(ctx context.Context, unit manager.Unit) error {
	label := own(unit).Label
	_, bootErr := m.ctl(ctx, "bootout", m.target(label))
	if code := run.Code(bootErr); code == notLoaded || code == noProcess {
		return nil
	}
	limit := patience + time.Duration(own(unit).ExitTimeOut)*time.Second
	for deadline := time.Now().Add(limit); ; {
		job, loaded, err := m.job(ctx, label)
		if err != nil || !loaded {
			return err
		}
		if bootErr != nil && run.Code(bootErr) != inProgress {
			return bootErr
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %s launchd still has it as %s, process %d", limit, job.state, job.pid)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// inProgress is EINPROGRESS: launchd has begun to unload the job.
const inProgress = 36
