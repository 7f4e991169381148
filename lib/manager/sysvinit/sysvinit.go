// Package sysvinit starts and stops processes by their System V init scripts,
// where they lie in the profile. It knows init scripts and their runlevels;
// what is to run, and in which order, it is told.
package sysvinit

import (
	"context"
	"path/filepath"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager runs init scripts.
type Manager struct {
	Runner   run.Runner
	Runlevel string // scripts that start in this runlevel are wanted
	// LogDir is for the output of scripts that do not say where theirs goes. It
	// is asked for when it is needed: it may be that of a generation.
	LogDir func() string
}

// Name of the manager.
func (Manager) Name() string { return "sysvinit" }

// Command is the line that a person would type.
func (Manager) Command(verb string, unit manager.Unit) string {
	return quote.ShellWords(unit.File, verb)
}

// Start runs the script and waits until the process is seen.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	begun := time.Now()
	if err := m.run(ctx, unit, "start"); err != nil {
		return err
	}
	return manager.AwaitPIDFile(ctx, m.Command("start", unit), unit, begun)
}

// Stop runs the script; by the LSB it waits until the process is gone.
func (m Manager) Stop(ctx context.Context, unit manager.Unit) error {
	return m.run(ctx, unit, "stop")
}

// Status reads the pid files. For a script without one, nothing is known.
func (Manager) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	return manager.StatusByPIDFiles(units)
}

// Run runs any activity of a script.
func (m Manager) Run(ctx context.Context, unit manager.Unit, activity string) (run.Result, error) {
	return m.Runner.Run(ctx, run.Command{Args: []string{unit.File, activity}, Env: manager.ScriptEnvironment(bootPath)})
}

func (m Manager) run(ctx context.Context, unit manager.Unit, activity string) error {
	log := unit.Log
	// A process of another user has to make its log itself, or it could not
	// write to it.
	if (log == "" || unit.User != "") && m.LogDir != nil {
		log = filepath.Join(m.LogDir(), "nixproc-"+unit.Name+".log")
	}
	_, err := m.Runner.Run(ctx, run.Command{
		Args: []string{unit.File, activity}, Env: manager.ScriptEnvironment(bootPath),
		Log: manager.ScriptLog(log), WithoutLog: activity == "stop",
	})
	return err
}

// bootPath is the PATH that a boot gives to scripts.
const bootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
