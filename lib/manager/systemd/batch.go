package systemd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// jobsTimeout bounds a call that starts or stops many units; each has a time of
// its own, which systemd watches.
const jobsTimeout = 30 * time.Minute

// shownLines of the journal are in an error.
const shownLines = "10"

// Start starts one unit.
func (m *Manager) Start(ctx context.Context, unit manager.Unit) error {
	return m.StartAll(ctx, []manager.Unit{unit})[unit.Name]
}

// Stop stops one unit.
func (m *Manager) Stop(ctx context.Context, unit manager.Unit) error {
	return m.StopAll(ctx, []manager.Unit{unit})[unit.Name]
}

// StartAll starts units by one call: systemd orders them.
func (m *Manager) StartAll(ctx context.Context, units []manager.Unit) map[string]error {
	return m.jobs(ctx, "start", units, func(p properties) bool {
		return conditionOf(p).Condition == manager.Stopped
	})
}

// StopAll stops units by one call.
func (m *Manager) StopAll(ctx context.Context, units []manager.Unit) map[string]error {
	return m.jobs(ctx, "stop", units, func(p properties) bool {
		state := p["ActiveState"]
		return state != "inactive" && state != "failed"
	})
}

// jobs calls systemctl, and if that fails asks which units are not as they were
// to be.
func (m *Manager) jobs(ctx context.Context, verb string, units []manager.Unit, wrong func(properties) bool) map[string]error {
	if len(units) == 0 {
		return nil
	}
	var names []string
	for _, unit := range units {
		names = append(names, namesOf(unit)...)
	}
	inOrder := names
	if verb == "stop" {
		inOrder = activatorsFirst(units)
	}
	line := m.systemctl(append([]string{verb, "--"}, inOrder...)...)
	_, err := m.Runner.Run(ctx, run.Command{Args: line, Timeout: jobsTimeout})
	if err == nil {
		return nil
	}
	failed := map[string]error{}
	all, showErr := m.show(ctx, names)
	if showErr == nil {
		for _, unit := range units {
			for _, name := range namesOf(unit) {
				if p := all[0]; wrong(p) {
					said := m.Command(verb, unit)
					if run.Code(err) < 0 { // it took too long, say
						said = err.Error()
					}
					failed[unit.Name] = fmt.Errorf("%s: %s is %s (%s)%s", said, name, p["ActiveState"], reason(p), m.journal(ctx, name))
				}
				all = all[1:]
			}
		}
		if len(failed) > 0 || verb == "stop" {
			return failed // to stop what is not even there is a success
		}
	}
	for _, unit := range units {
		failed[unit.Name] = err
	}
	return failed
}

// activatorsFirst are the units in the order to stop them in: what may start a
// service, as a timer does, comes before all services.
func activatorsFirst(units []manager.Unit) []string {
	var activators, services []string
	for _, unit := range units {
		names := namesOf(unit)
		services = append(services, names[0])
		activators = append(activators, names[1:]...)
	}
	return append(activators, services...)
}

func reason(p properties) string {
	if p["LoadState"] != "loaded" {
		return "the unit is " + p["LoadState"]
	}
	return p["Result"]
}

// LastWords are what the journal has of a unit.
func (m *Manager) LastWords(ctx context.Context, unit manager.Unit) string {
	return m.journal(ctx, unitName(unit))
}

// journal gives the last lines about a unit, in a form to be put after an error.
func (m *Manager) journal(ctx context.Context, name string) string {
	which := "--unit=" + name
	if m.User {
		which = "--user-unit=" + name
	} else {
		// What a process said just before its end may be on its way. Without
		// it the lines are still of use.
		_, _ = m.Runner.Run(ctx, run.Command{Args: []string{"journalctl", "--sync"}, Timeout: 10 * time.Second})
	}
	line := []string{"journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=" + shownLines, which}
	result, err := m.Runner.Run(ctx, run.Command{Args: line, Timeout: 10 * time.Second})
	text := strings.TrimRight(result.Stdout, "\n")
	if err != nil || text == "" {
		return "; its journal has no lines: see " + run.Quote(m.systemctl("status", name))
	}
	return "; the end of its journal (" + run.Quote(line[:1]) + " " + run.Quote(line[5:]) + "):\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
