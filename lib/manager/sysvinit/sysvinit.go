// Package sysvinit starts and stops processes by their System V init scripts,
// where they lie in the profile. It knows init scripts and their runlevels;
// what is to run, and in which order, it is told.
package sysvinit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager runs init scripts.
type Manager struct {
	Runner   run.Runner
	Runlevel string // scripts that start in this runlevel are wanted
	LogDir   string // for the output of scripts that do not say where theirs goes
}

// Name of the manager.
func (Manager) Name() string { return "sysvinit" }

// Command is the line that a person would type.
func (Manager) Command(verb string, unit manager.Unit) string {
	return quote.ShellWords(unit.File, verb)
}

// seenWithin bounds the wait for the pid file of a process whose script said
// that it had started it.
const seenWithin = 10 * time.Second

// Start runs the script and waits until the process is seen.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	if err := m.run(ctx, unit, "start"); err != nil {
		return err
	}
	if !unit.PIDFileCertain {
		return nil
	}
	for pause, deadline := time.Millisecond, time.Now().Add(seenWithin); ; pause = min(2*pause, 100*time.Millisecond) {
		if _, alive, err := pidfile.Read(unit.PIDFile, unit.Program); err != nil || alive {
			return err
		}
		if time.Now().After(deadline) {
			return &manager.UnseenError{Err: fmt.Errorf("%s said that it started, but %s names no running process after %s%s",
				m.Command("start", unit), unit.PIDFile, seenWithin, logTail(unit.Log))}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Stop runs the script; by the LSB it waits until the process is gone.
func (m Manager) Stop(ctx context.Context, unit manager.Unit) error {
	return m.run(ctx, unit, "stop")
}

// Status reads the pid files, several side by side: with many processes that is
// most of what a switch with nothing to do takes. For a script without a pid
// file, nothing is known.
func (Manager) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	found := make([]manager.State, len(units))
	problems := make([]error, len(units))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(units)) {
		readers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(units)); i = next.Add(1) - 1 {
				found[i], problems[i] = status(units[i])
			}
		})
	}
	readers.Wait()
	states := make(map[string]manager.State, len(units))
	for i, unit := range units {
		if problems[i] != nil {
			return nil, fmt.Errorf("status of process '%s': %w", unit.Name, problems[i])
		}
		states[unit.Name] = found[i]
	}
	return states, nil
}

func status(unit manager.Unit) (manager.State, error) {
	if unit.PIDFile == "" {
		return manager.State{Detail: "its script keeps no pid file"}, nil
	}
	process, alive, err := pidfile.Read(unit.PIDFile, unit.Program)
	switch {
	case errors.Is(err, os.ErrPermission):
		return manager.State{Detail: unit.PIDFile + " can't be read"}, nil
	case err != nil:
		return manager.State{}, err
	case alive:
		return manager.State{Condition: manager.Running, PID: process.PID, Since: process.Start}, nil
	case unit.PIDFileCertain:
		return manager.State{Condition: manager.Stopped}, nil
	}
	return manager.State{Detail: "no process in " + unit.PIDFile}, nil
}

// Run runs any activity of a script.
func (m Manager) Run(ctx context.Context, unit manager.Unit, activity string) (run.Result, error) {
	return m.Runner.Run(ctx, run.Command{Args: []string{unit.File, activity}, Env: environment()})
}

func (m Manager) run(ctx context.Context, unit manager.Unit, activity string) error {
	log := unit.Log
	// A process of another user has to make its log itself, or it could not
	// write to it.
	if (log == "" || unit.User != "") && m.LogDir != "" {
		log = filepath.Join(m.LogDir, "nixproc-"+unit.Name+".log")
	}
	if info, err := os.Stat(filepath.Dir(log)); err != nil || !info.IsDir() {
		log = ""
	}
	_, err := m.Runner.Run(ctx, run.Command{Args: []string{unit.File, activity}, Env: environment(), Log: log})
	return err
}

// environment is what scripts get: what a boot would give them, and who the
// caller is. Nothing else of the caller's environment reaches a daemon.
func environment() []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, name := range []string{"HOME", "USER", "LOGNAME", "LANG", "TZ", "XDG_RUNTIME_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func logTail(log string) string {
	data, err := os.ReadFile(log)
	if log == "" || err != nil || len(data) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	lines = lines[max(0, len(lines)-10):]
	return "; the end of " + log + ":\n  " + strings.Join(lines, "\n  ")
}
