// Package cygrunsrv runs processes as Windows services of Cygwin, through
// cygrunsrv(1). It knows params files and what cygrunsrv prints; what is to run,
// and in which order, it is told.
package cygrunsrv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager installs, starts, stops and removes services.
type Manager struct {
	Runner run.Runner
	// Others gives the profiles beside ours, by name: Windows has one set of
	// services for all of them. Nil stands for none.
	Others func() (map[string]string, error)
}

// Name of the manager.
func (Manager) Name() string { return "cygrunsrv" }

func own(unit manager.Unit) Unit {
	one, _ := unit.Own.(Unit)
	return one
}

// Command is the line that a person would type.
func (Manager) Command(verb string, unit manager.Unit) string {
	return quote.ShellWords("cygrunsrv", "--"+verb, own(unit).Service)
}

func (m Manager) call(ctx context.Context, words ...string) (string, error) {
	result, err := m.Runner.Run(ctx, run.Command{Args: append([]string{"cygrunsrv"}, words...)})
	return result.Stdout, err
}

// Lines of "cygrunsrv --list --verbose", and of "--query", which tell of one
// service after the other.
var stateLine = regexp.MustCompile(`(?m)^(Service|Current State) *: (.*?)\r?$`)

// states of services by name; "" where it does not tell.
func states(text string) map[string]string {
	found := map[string]string{}
	name := ""
	for _, match := range stateLine.FindAllStringSubmatch(text, -1) {
		if match[1] == "Service" {
			name = match[2]
			found[name] = ""
		} else if name != "" {
			found[name] = match[2]
			name = ""
		}
	}
	return found
}

// Status asks once for all services.
func (m Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	if len(units) == 0 {
		return nil, nil
	}
	text, err := m.call(ctx, "--list", "--verbose")
	if err != nil {
		return nil, fmt.Errorf("cygrunsrv can't tell which services there are: %w", err)
	}
	known := states(text)
	found := make(map[string]manager.State, len(units))
	for _, unit := range units {
		switch state, installed := known[own(unit).Service]; {
		case !installed:
			found[unit.Name] = manager.State{Condition: manager.Stopped, Detail: "it is not installed"}
		case state == "":
			found[unit.Name] = manager.State{Detail: "cygrunsrv does not tell its state"}
		case state == "Running":
			found[unit.Name] = manager.State{Condition: manager.Running}
		default:
			found[unit.Name] = manager.State{Condition: manager.Stopped, Detail: state}
		}
	}
	return found, nil
}

// isInstalled asks for one service.
func (m Manager) isInstalled(ctx context.Context, service string) bool {
	_, err := m.call(ctx, "--query", service)
	return err == nil
}

// Start installs a service and starts it. One that is installed already is
// removed first: it may have been installed with other parameters.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	content, err := os.ReadFile(unit.File)
	if err != nil {
		return err
	}
	if err := m.Stop(ctx, unit); err != nil {
		return err
	}
	service := own(unit).Service
	if _, err := m.call(ctx, append([]string{"--install", service}, Parameters(content)...)...); err != nil {
		return err
	}
	if _, err = m.call(ctx, "--start", service); err != nil {
		return fmt.Errorf("%w%s", err, words(unit))
	}
	return nil
}

// Stop stops a service and removes it: what is not installed can't start again.
func (m Manager) Stop(ctx context.Context, unit manager.Unit) error {
	service := own(unit).Service
	if !m.isInstalled(ctx, service) {
		return ctx.Err()
	}
	if _, err := m.call(ctx, "--stop", service); err != nil {
		return err
	}
	_, err := m.call(ctx, "--remove", service)
	return err
}

// MayInstall says whether a service is another profile's.
func (m Manager) MayInstall(_ context.Context, there []manager.Unit) error {
	if m.Others == nil {
		return nil
	}
	others, err := m.Others()
	if err != nil {
		return err
	}
	taken := map[string]string{}
	for name, path := range others {
		units, err := m.Units(path)
		if err != nil {
			return err
		}
		for _, unit := range units {
			taken[own(unit).Service] = name
		}
	}
	var problems []error
	for _, unit := range there {
		if profile, is := taken[own(unit).Service]; is {
			problems = append(problems, fmt.Errorf("the service %s belongs to the profile '%s': undeploy it there, or give the process another name", own(unit).Service, profile))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// words gives the last lines of a service's log, in a form to be put after an
// error.
func words(unit manager.Unit) string {
	if tail := manager.LogTail(unit); tail != "" {
		return tail
	}
	return "; it has written nothing to its log " + unit.Log
}
