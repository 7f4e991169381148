package s6rc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/run"
)

// initialized says whether there is a live directory.
func (m *Manager) initialized() bool {
	_, err := os.Stat(m.Where().Live)
	return err == nil
}

// listening fails if no s6-svscan is at work on the scan directory. It does what
// s6-svscanctl(8) does, but for the command: it opens the pipe that s6-svscan
// reads.
func (m *Manager) listening() error {
	scan := m.Where().Scan
	pipe, err := syscall.Open(filepath.Join(scan, ".s6-svscan/control"), syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err == nil {
		return syscall.Close(pipe)
	}
	if !errors.Is(err, syscall.ENXIO) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("s6-svscan on %s can't be reached: %w", scan, err)
	}
	return fmt.Errorf("no s6-svscan is at work on %s: start it with nixproc s6-svscan, and the same --state-dir and --runtime-dir", scan)
}

// Status asks s6-rc once what is up, and once how the processes of all longruns
// are. It fails if no s6-svscan is there, so that a switch ends before anything
// is touched.
func (m *Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	if len(units) == 0 {
		return nil, nil
	}
	if err := m.listening(); err != nil {
		return nil, err
	}
	states := make(map[string]manager.State, len(units))
	if !m.initialized() {
		for _, unit := range units {
			states[unit.Name] = manager.State{Condition: manager.Stopped, Detail: "s6-rc has no live directory yet"}
		}
		return states, nil
	}
	up, err := m.up(ctx)
	if err != nil {
		return nil, err
	}
	bundles, err := m.bundles(ctx, units)
	if err != nil {
		return nil, err
	}
	supervised, err := m.supervised(ctx, units, up)
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		own, _ := unit.Own.(Unit)
		switch {
		case own.bundle():
			states[unit.Name] = ofBundle(own, unit.Name, up, bundles)
		case own.oneshot():
			states[unit.Name] = ofOneshot(own, unit.Name, up)
		default:
			states[unit.Name] = ofLongruns(own, unit.Name, up, supervised)
		}
	}
	return states, nil
}

var notUp = manager.State{Condition: manager.Stopped, Detail: "s6-rc has it down"}

// ofBundle is that of a name: s6-rc knows it, and all that it stands for is up.
// Services of the framework before this may be meant by the name of the process.
func ofBundle(own Unit, name string, up, bundles map[string]bool) manager.State {
	if !bundles[name] {
		return manager.State{Condition: manager.Stopped, Detail: "s6-rc does not have it"}
	}
	for _, service := range own.Contents {
		if !up[service] && !up[service+"-srv"] && !bundles[service] {
			return manager.State{Condition: manager.Stopped, Detail: "s6-rc has " + service + " down"}
		}
	}
	return manager.State{Condition: manager.Running}
}

// ofOneshot is that of the daemon that it has started, where its pid file is
// known.
func ofOneshot(own Unit, name string, up map[string]bool) manager.State {
	if !up[name] {
		return notUp
	}
	if own.PIDFile == "" {
		return manager.State{Condition: manager.Running}
	}
	expected := pidfile.Expected{Program: own.Program, User: own.User}
	process, lives, err := pidfile.Read(own.PIDFile, expected)
	switch {
	case err != nil:
		return manager.State{Detail: err.Error()}
	case !lives:
		doubt := pidfile.Doubt(own.PIDFile, expected)
		return manager.State{Condition: manager.Stopped, Detail: cmp.Or(doubt, own.PIDFile+" names no process that lives"), Doubt: doubt}
	}
	return manager.State{Condition: manager.Running, PID: process.PID, Since: process.Start}
}

// ofLongruns is that of all services of a unit: one that died takes the others
// with it, since their pipe gets full. The process is that of its own service.
func ofLongruns(own Unit, name string, up map[string]bool, supervised map[string]supervision) manager.State {
	state := manager.State{Condition: manager.Running}
	for _, service := range own.Services {
		if !up[service.Name] {
			return notUp
		}
		is := supervised[service.Name]
		if !is.up {
			return manager.State{Condition: manager.Stopped, Detail: "s6-supervise says that " + service.Name + " is down, its exit code was " + is.exitCode}
		}
		if service.Name == name || service.Name == name+"-srv" {
			state.PID = is.pid
			state.Since, _ = pidfile.Started(is.pid)
		}
	}
	return state
}

// bundles lists the bundles that s6-rc knows, if there is one among the units.
func (m *Manager) bundles(ctx context.Context, units []manager.Unit) (map[string]bool, error) {
	for _, unit := range units {
		if own, _ := unit.Own.(Unit); own.bundle() {
			result, err := m.Runner.Run(ctx, run.Command{Args: []string{"s6-rc-db", "-l", m.Where().Live, "list", "bundles"}})
			return set(strings.Split(strings.TrimRight(result.Stdout, "\n"), "\n")), err
		}
	}
	return nil, nil
}

// supervision is what s6-supervise knows of a process.
type supervision struct {
	up       bool
	pid      int
	exitCode string
}

// askAll runs s6-svstat for many service directories: it takes one at a time.
// One that has no supervisor (yet) gives an empty line.
const askAll = `for dir; do s6-svstat -o up,pid,exitcode "$dir" 2>/dev/null || echo; done`

// supervised asks for the longruns that s6-rc has as up.
func (m *Manager) supervised(ctx context.Context, units []manager.Unit, up map[string]bool) (map[string]supervision, error) {
	var services, dirs []string
	for _, unit := range units {
		own, _ := unit.Own.(Unit)
		for _, service := range own.Services {
			if service.Type == Longrun && up[service.Name] {
				services = append(services, service.Name)
				dirs = append(dirs, m.serviceDir(service.Name))
			}
		}
	}
	if len(services) == 0 {
		return nil, nil
	}
	result, err := m.Runner.Run(ctx, run.Command{Args: append([]string{"sh", "-c", askAll, "sh"}, dirs...)})
	if err != nil {
		return nil, err
	}
	answers := strings.Split(strings.TrimSuffix(result.Stdout, "\n"), "\n")
	if len(answers) != len(services) {
		return nil, fmt.Errorf("s6-svstat said %d lines of %d services", len(answers), len(services))
	}
	found := make(map[string]supervision, len(services))
	for i, service := range services {
		fields := strings.Fields(answers[i])
		if len(fields) != 3 {
			found[service] = supervision{exitCode: "unknown"}
			continue
		}
		pid, err := strconv.Atoi(fields[1])
		found[service] = supervision{up: fields[0] == "true" && err == nil && pid > 0, pid: pid, exitCode: fields[2]}
	}
	return found, nil
}
