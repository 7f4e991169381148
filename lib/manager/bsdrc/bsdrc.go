// Package bsdrc starts and stops processes by their scripts for rc.subr(8) of
// FreeBSD, where they lie in the profile, and has the machine start them at
// boot, if that is asked for. It knows rc scripts and rc.conf(5); what is to
// run is decided elsewhere.
package bsdrc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager runs rc scripts.
type Manager struct {
	Runner  run.Runner
	LogDir  func() string // for the output of scripts; it may be that of a generation
	Profile string        // absolute path
	Store   string        // the Nix store's directory

	TargetDir string // scripts that are started at boot
	RCConf    string // rc.conf(5)
	AtBoot    bool   // have the scripts started at boot

	before map[string]bool // the units that were so before the first Install
}

// Name of the manager.
func (*Manager) Name() string { return "bsdrc" }

// Command is the line that a person would type. The "one" is for a script that
// rc.conf does not mention.
func (*Manager) Command(verb string, unit manager.Unit) string {
	return quote.ShellWords(unit.File, "one"+verb)
}

// Start runs the script and waits until the process is seen.
func (m *Manager) Start(ctx context.Context, unit manager.Unit) error {
	begun := time.Now()
	if err := removeDoubtful(unit); err != nil {
		return err
	}
	if err := m.run(ctx, unit, "onestart"); err != nil {
		return err
	}
	if script, _ := unit.Own.(Unit); script.Daemonised {
		// One that was seen may have ended by now, and its file with it: that is
		// for who looks again later.
		if seen, err := seenOrEnded(unit); seen || err != nil {
			return err
		}
	}
	return manager.AwaitPIDFile(ctx, m.Command("start", unit), unit, begun)
}

// writtenWithin bounds the wait for a number in a pid file of daemon(8).
const writtenWithin = time.Second

// seenOrEnded says whether a process that daemon(8) runs was seen; it is an error
// if it has ended already. By the time that daemon(8) goes into the background,
// the file is there, though empty; it removes it when the process has ended.
func seenOrEnded(unit manager.Unit) (seen bool, err error) {
	for deadline := time.Now().Add(writtenWithin); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		// First, since the number may be written between two looks.
		if text, err := os.ReadFile(unit.PIDFile); err == nil && len(text) == 0 {
			continue
		}
		if _, alive, err := pidfile.Read(unit.PIDFile, unit.Expected()); err != nil || alive {
			return alive, err
		}
		return false, fmt.Errorf("it ended as soon as it had started%s", manager.LogTail(unit))
	}
	return false, nil
}

// removeDoubtful removes a pid file that is not believed: rc.subr believes all of
// them.
func removeDoubtful(unit manager.Unit) error {
	if unit.PIDFile == "" || pidfile.Doubt(unit.PIDFile, unit.Expected()) == "" {
		return nil
	}
	return os.Remove(unit.PIDFile)
}

// Stop runs the script, which waits until the process is gone, and fails if
// there is none. A process that the script did not know again, because it is
// shown as something else by ps(1), is ended by its pid file.
func (m *Manager) Stop(ctx context.Context, unit manager.Unit) error {
	if err := removeDoubtful(unit); err != nil {
		return err
	}
	err := m.run(ctx, unit, "onestop")
	if unit.PIDFile == "" {
		if err != nil && m.run(ctx, unit, "onestatus") != nil && ctx.Err() == nil {
			return nil // it does not run
		}
		return err
	}
	process, alive, readErr := pidfile.Read(unit.PIDFile, unit.Expected())
	switch {
	case readErr != nil:
		return errors.Join(err, readErr)
	case !alive && ctx.Err() == nil:
		released(ctx, unit)
		return unlink(unit)
	case ctx.Err() != nil:
		return err
	}
	if killErr := end(ctx, process.PID, unit); killErr != nil {
		return errors.Join(err, killErr)
	}
	released(ctx, unit)
	return unlink(unit)
}

// unlink removes a link to the pid file of a daemon that had it elsewhere.
func unlink(unit manager.Unit) error {
	if _, err := os.Readlink(unit.PIDFile); err != nil {
		return nil // it is none
	}
	return os.Remove(unit.PIDFile)
}

// releasedWithin bounds the wait for the end of daemon(8) itself.
const releasedWithin = time.Second

// released waits until daemon(8) has removed the pid file of a process that has
// ended: until then it has the file locked, and another one could not start. It
// can't remove one that was made for it where it may not.
func released(ctx context.Context, unit manager.Unit) {
	if script, _ := unit.Own.(Unit); !script.Daemonised {
		return
	}
	for deadline := time.Now().Add(releasedWithin); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Lstat(unit.PIDFile); errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}

// endsWithin bounds the wait for the end of a process that was sent a signal.
const endsWithin = 30 * time.Second

// end sends the signal that stops a process, and waits.
func end(ctx context.Context, pid int, unit manager.Unit) error {
	script, _ := unit.Own.(Unit)
	number, ok := manager.Signals[script.StopSignal]
	if !ok {
		number = manager.Signals["TERM"]
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := process.Signal(number); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process %d of %s can't be stopped: %w", pid, unit.PIDFile, err)
	}
	for deadline := time.Now().Add(endsWithin); time.Now().Before(deadline); {
		if _, alive := pidfile.Started(pid); !alive {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("process %d of %s has been told to stop, but runs after %s: end it by hand", pid, unit.PIDFile, endsWithin)
}

// Status reads the pid files. For a script without one, nothing is known.
func (*Manager) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	return manager.StatusByPIDFiles(units)
}

// Run runs any activity of a script.
func (m *Manager) Run(ctx context.Context, unit manager.Unit, activity string) (run.Result, error) {
	return m.Runner.Run(ctx, run.Command{Args: []string{unit.File, activity}, Env: manager.ScriptEnvironment(bootPath)})
}

func (m *Manager) run(ctx context.Context, unit manager.Unit, activity string) error {
	log := ""
	if m.LogDir != nil {
		log = filepath.Join(m.LogDir(), "nixproc-"+unit.Name+".log")
	}
	_, err := m.Runner.Run(ctx, run.Command{
		Args: []string{unit.File, activity}, Env: manager.ScriptEnvironment(bootPath),
		Log: manager.ScriptLog(log), WithoutLog: activity == "stop",
	})
	return err
}

// bootPath is the PATH that service(8) gives to scripts.
const bootPath = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
