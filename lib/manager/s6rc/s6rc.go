// Package s6rc starts and stops processes as services of s6-rc, which
// s6-supervise runs: https://skarnet.org/software/s6-rc/. It knows databases of
// services, the live directory, and what the programs of s6 and s6-rc say; what
// is to run it is told.
//
// s6-rc orders services itself: it stops what depends on a service before that,
// and starts it after. So a service never stops alone, and a plan has to know
// that (manager.Chain).
package s6rc

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Place is where one s6-rc has its state.
type Place struct {
	Live      string // live directory: s6-rc's own name for a link that it replaces
	Scan      string // scan directory of s6-svscan
	Databases string // compiled databases, and a link "compiled" to the one that is live
}

// Manager calls s6-rc and its kin.
type Manager struct {
	Runner run.Runner
	// Where is asked when it is needed: the directories of a rollback are those
	// of the generation that it goes back to.
	Where   func() Place
	Profile string // whose services these are; "" where nothing is installed
}

// Place is the directory of the databases.
func (m *Manager) Place() string { return m.Where().Databases }

// Name of the manager.
func (*Manager) Name() string { return "s6-rc" }

// patience is how long s6-rc waits for services to be up and ready, or down. A
// service whose files say less has less.
const patience = 4 * time.Minute

// s6rc runs s6-rc on the live directory, as soon as nobody else does (-b): a
// switch that was killed may have left one that still waits for its services.
func (m *Manager) s6rc(ctx context.Context, words ...string) (string, error) {
	result, err := m.Runner.Run(ctx, run.Command{Args: append([]string{"s6-rc", "-b", "-l", m.Where().Live}, words...)})
	return result.Stdout, err
}

// change has s6-rc change the state of services. Its exit codes are 1 for a
// service that failed and 2 for one that took too long; which one it was, the
// state says.
func (m *Manager) change(ctx context.Context, direction string, services []string) error {
	if len(services) == 0 {
		return nil
	}
	words := []string{direction, "-t", fmt.Sprint(patience.Milliseconds()), "change"}
	_, err := m.s6rc(ctx, append(words, services...)...)
	return err
}

// up lists the services that s6-rc has as up, or has to: whether the process of
// a longrun lives is another question.
func (m *Manager) up(ctx context.Context) (map[string]bool, error) {
	said, err := m.s6rc(ctx, "-a", "list")
	if err != nil {
		return nil, err
	}
	return set(strings.Split(strings.TrimRight(said, "\n"), "\n")), nil
}

func set(names []string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// Start starts one unit.
func (m *Manager) Start(ctx context.Context, unit manager.Unit) error {
	return m.StartAll(ctx, []manager.Unit{unit})[unit.Name]
}

// Stop stops one unit.
func (m *Manager) Stop(ctx context.Context, unit manager.Unit) error {
	return m.StopAll(ctx, []manager.Unit{unit})[unit.Name]
}

// StopsToStart says whether a unit that has died is up for s6-rc all the same,
// and nothing but a stop changes that.
func (m *Manager) StopsToStart(unit manager.Unit) bool {
	own, _ := unit.Own.(Unit)
	return own.oneshot()
}

// StartAll has s6-rc bring up units, with what they depend on, in their order:
// what is up stays as it is. A unit that it has as up already has died:
// s6-supervise starts the process of a longrun again; a oneshot goes down first.
func (m *Manager) StartAll(ctx context.Context, units []manager.Unit) map[string]error {
	up, err := m.up(ctx)
	if err != nil {
		return manager.AllFailed(units, err)
	}
	var all, again, revived []string
	for _, unit := range units {
		own, _ := unit.Own.(Unit)
		for _, service := range own.Services {
			all = append(all, service.Name)
			switch {
			case !up[service.Name]:
			case service.Type == Oneshot:
				again = append(again, service.Name)
			case service.Type == Longrun:
				revived = append(revived, service.Name)
			}
		}
	}
	if err := m.change(ctx, "-D", again); err != nil {
		return manager.AllFailed(units, err)
	}
	var problems []error
	for _, service := range revived {
		problems = append(problems, m.revive(ctx, service))
	}
	problems = append(problems, m.change(ctx, "-u", all))
	if err := errors.Join(problems...); err != nil {
		return m.blame(ctx, units, err)
	}
	return nil
}

// reviveWithin is how long s6-svc waits for a process to live again.
const reviveWithin = 10 * time.Second

// revive has s6-supervise start the process of a longrun.
func (m *Manager) revive(ctx context.Context, service string) error {
	_, err := m.Runner.Run(ctx, run.Command{Args: []string{
		"s6-svc", "-u", "-wu", "-T", fmt.Sprint(reviveWithin.Milliseconds()), m.serviceDir(service),
	}})
	return err
}

func (m *Manager) serviceDir(service string) string {
	return filepath.Join(m.Where().Live, "servicedirs", service)
}

// blame finds the units that did not start, with what they said last.
func (m *Manager) blame(ctx context.Context, units []manager.Unit, cause error) map[string]error {
	states, err := m.Status(ctx, units)
	if err != nil {
		return manager.AllFailed(units, errors.Join(cause, err))
	}
	failed := map[string]error{}
	for _, unit := range units {
		if state := states[unit.Name]; state.Condition == manager.Stopped {
			failed[unit.Name] = fmt.Errorf("%w; %s%s", cause, state.Detail, manager.LogTail(unit))
		}
	}
	if len(failed) == 0 {
		return manager.AllFailed(units, cause)
	}
	// Its dependents did not start either: what failed by itself is the news.
	for _, unit := range units {
		if failed[unit.Name] != nil && slices.ContainsFunc(unit.Requires, func(name string) bool { return failed[name] != nil }) {
			failed[unit.Name] = errors.New("it was not started, because something before it failed")
		}
	}
	return failed
}

// StopAll has s6-rc take down the units and what depends on them, and those that
// were asked to be essential, too. A bundle has nothing of its own to stop.
func (m *Manager) StopAll(ctx context.Context, units []manager.Unit) map[string]error {
	if !m.initialized() {
		return nil
	}
	up, err := m.up(ctx)
	if err != nil {
		return manager.AllFailed(units, err)
	}
	var services []string
	for _, unit := range units {
		services = append(services, running(unit, up)...)
	}
	cause := m.change(ctx, "-D", services)
	if cause == nil {
		return nil
	}
	if up, err = m.up(ctx); err != nil {
		return manager.AllFailed(units, errors.Join(cause, err))
	}
	failed := map[string]error{}
	for _, unit := range units {
		if left := running(unit, up); len(left) > 0 {
			failed[unit.Name] = fmt.Errorf("%w; s6-rc still has %s up", cause, strings.Join(left, ", "))
		}
	}
	return failed
}

// running are the services of a unit that s6-rc has as up.
func running(unit manager.Unit, up map[string]bool) (services []string) {
	own, _ := unit.Own.(Unit)
	for _, service := range own.Services {
		if up[service.Name] {
			services = append(services, service.Name)
		}
	}
	return services
}

// Command is the line that a person would type.
func (m *Manager) Command(verb string, unit manager.Unit) string {
	direction := map[string]string{"start": "-u", "stop": "-d"}[verb]
	return quote.ShellWords("s6-rc", "-l", m.Where().Live, direction, "change", unit.Name)
}
