package systemd

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/run"
)

// Status asks systemd once for all units that it may know.
func (m *Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	states := make(map[string]manager.State, len(units))
	if len(units) == 0 {
		return states, nil
	}
	known, err := m.known(ctx, units)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, unit := range units {
		if known[unit.Name] {
			names = append(names, namesOf(unit)...)
		} else {
			states[unit.Name] = conditionOf(properties{"LoadState": "not-found"})
		}
	}
	if len(names) == 0 {
		return states, nil
	}
	all, err := m.show(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		if !known[unit.Name] {
			continue
		}
		count := len(namesOf(unit))
		states[unit.Name] = stateOf(all[:count])
		for _, p := range all[:count] {
			if p["NeedDaemonReload"] == "yes" {
				m.stale.Store(true)
			}
		}
		all = all[count:]
	}
	return states, nil
}

// known says which units have a file in the place that is ours, or are in
// systemd's memory. Of all others it has to look for a file each time that it is
// asked, which takes it 2 ms for each, where a list of its memory takes 10 ms.
func (m *Manager) known(ctx context.Context, units []manager.Unit) (map[string]bool, error) {
	known := make(map[string]bool, len(units))
	for _, unit := range units {
		for _, name := range namesOf(unit) {
			if _, err := os.Lstat(filepath.Join(m.Dir, name)); err == nil {
				known[unit.Name] = true
			}
		}
	}
	if len(known) == len(units) {
		return known, nil
	}
	result, err := m.Runner.Run(ctx, run.Command{Args: m.systemctl("list-units", "--all", "--full", "--plain", "--no-legend", "--no-pager")})
	if err != nil {
		return nil, m.unreachable(err)
	}
	loaded := map[string]bool{}
	for line := range strings.Lines(result.Stdout) {
		name, _, _ := strings.Cut(line, " ")
		loaded[name] = true
	}
	for _, unit := range units {
		if slices.ContainsFunc(namesOf(unit), func(name string) bool { return loaded[name] }) {
			known[unit.Name] = true
		}
	}
	return known, nil
}

// stateOf a process: the first unit is its service, the others are what may
// start it.
func stateOf(all []properties) manager.State {
	service := all[0]
	for _, activator := range all[1:] {
		if activator["ActiveState"] != "active" {
			return manager.State{Condition: manager.Stopped, Detail: "a unit that starts it is " + activator["ActiveState"]}
		}
	}
	state := conditionOf(service)
	if len(all) > 1 && service["ActiveState"] == "inactive" && service["LoadState"] == "loaded" {
		return manager.State{Detail: "waits to be activated"}
	}
	return state
}

func conditionOf(p properties) manager.State {
	if load := p["LoadState"]; load != "loaded" {
		return manager.State{Condition: manager.Stopped, Detail: "the unit is " + load}
	}
	switch p["ActiveState"] {
	case "active", "reloading":
	case "activating":
		// What systemd starts again and again does not run.
		if p["SubState"] == "auto-restart" {
			return manager.State{Condition: manager.Stopped, Detail: "it ended (" + p["Result"] + "), and systemd is about to start it again"}
		}
	case "inactive":
		// systemd forgets whether it ran: what is meant to end is left as it is.
		if p["Type"] == "oneshot" && p["Result"] == "success" {
			return manager.State{Detail: "done"}
		}
		return manager.State{Condition: manager.Stopped}
	default:
		return manager.State{Condition: manager.Stopped, Detail: p["ActiveState"] + " (" + p["Result"] + ")"}
	}
	state := manager.State{Condition: manager.Running}
	if pid, err := strconv.Atoi(p["MainPID"]); err == nil && pid > 0 {
		state.PID = pid
		state.Since, _ = pidfile.Started(pid)
	} else if p["SubState"] == "exited" {
		state.Detail = "done"
	}
	return state
}
