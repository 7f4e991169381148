// Package disnix has Disnix run processes on this machine: disnix-deploy compares
// two manifests and has Dysnomia deactivate and activate packages. Whether a
// process runs is told by its pid file. It knows manifests and packages; what is
// to run it is told.
package disnix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// DefaultProfile is what Disnix calls its profile, unless it is told otherwise.
const DefaultProfile = "default"

// Manager calls disnix-deploy and dysnomia.
type Manager struct {
	Runner  run.Runner
	Profile string // of Disnix, on the coordinator and on the target
	// Coordinator is the directory of the coordinator's profiles; Own says that
	// Disnix would look there by itself.
	Coordinator string
	Own         bool
}

// Name of the manager.
func (Manager) Name() string { return "disnix" }

// Command is the line that a person would type.
func (Manager) Command(verb string, unit manager.Unit) string {
	operation := map[string]string{"start": "activate", "stop": "deactivate"}[verb]
	return quote.ShellWords(dysnomia(operation, unit)...)
}

func dysnomia(operation string, unit manager.Unit) []string {
	own, _ := unit.Own.(Unit)
	return []string{"dysnomia", "--type", "process", "--operation", operation, "--component", own.Package, "--container", "process", "--environment"}
}

// seenWithin bounds the wait for the pid file of a process that was activated.
// Dysnomia waits for a second, and then takes it to be all right.
const seenWithin = 5 * time.Second

// Start has Dysnomia activate the process's package, unless the process runs.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	if _, alive, err := read(unit); alive || err != nil {
		return err
	}
	if err := removeStale(unit); err != nil {
		return err
	}
	if _, err := m.Runner.Run(ctx, run.Command{Args: dysnomia("activate", unit), Env: environment()}); err != nil {
		return err
	}
	return seen(ctx, []manager.Unit{unit})
}

// endsWithin is how long a process may take to end before it is killed.
const endsWithin = 30 * time.Second

// Stop ends the process and waits until it is gone. Dysnomia does not wait: it
// would take the file of a process that is ending for one that runs, and not
// start the next; and it could not remove the process's user. What else belongs
// to deactivating a package is left to disnix-deploy.
func (Manager) Stop(ctx context.Context, unit manager.Unit) error {
	process, alive, err := read(unit)
	if err != nil || unit.PIDFile == "" {
		return err
	}
	if alive {
		others, known := kinOf(fmt.Sprintf("/proc/%d", process.PID))
		if err := end(ctx, unit, process.PID); err != nil {
			return err
		}
		if own, _ := unit.Own.(Unit); known && own.User != "" {
			if err := others.gone(ctx); err != nil {
				return err
			}
		}
	}
	return removeStale(unit)
}

func end(ctx context.Context, unit manager.Unit, pid int) error {
	signal := syscall.SIGTERM
	begin := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if signal != 0 {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("process %d can't be ended: %w", pid, err)
			}
			signal = 0
		}
		if _, alive := pidfile.Started(pid); !alive {
			return nil
		}
		switch waited := time.Since(begin); {
		case waited > endsWithin+5*time.Second:
			return fmt.Errorf("process %d of %s does not end", pid, unit.PIDFile)
		case waited > endsWithin:
			signal = syscall.SIGKILL
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// removeStale removes the pid file of a process that does not run: Dysnomia takes
// every such file for a process that does.
func removeStale(unit manager.Unit) error {
	if unit.PIDFile == "" {
		return nil
	}
	if _, alive, err := read(unit); alive || err != nil {
		return err
	}
	if err := os.Remove(unit.PIDFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the pid file of a process that has ended is in the way: %w", err)
	}
	return nil
}

func read(unit manager.Unit) (pidfile.Process, bool, error) {
	if unit.PIDFile == "" {
		return pidfile.Process{}, false, nil
	}
	return pidfile.Read(unit.PIDFile, unit.Expected())
}

// seen waits until all processes whose pid file is certain are seen to run, or it
// is too late for that.
func seen(ctx context.Context, units []manager.Unit) error {
	missing := slices.DeleteFunc(slices.Clone(units), func(u manager.Unit) bool { return !u.PIDFileCertain })
	for pause, deadline := time.Millisecond, time.Now().Add(seenWithin); ; pause = min(2*pause, 100*time.Millisecond) {
		var problem error
		missing = slices.DeleteFunc(missing, func(u manager.Unit) bool {
			_, alive, err := read(u)
			problem = errors.Join(problem, err)
			return alive
		})
		if len(missing) == 0 || problem != nil {
			return problem
		}
		if time.Now().After(deadline) {
			return notSeen(missing)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// notSeen is an error unless it is certain that the processes have ended: the next
// look at them says so.
func notSeen(missing []manager.Unit) error {
	for _, unit := range missing {
		own, _ := unit.Own.(Unit)
		_, err := os.Lstat(unit.PIDFile)
		if !own.Supervised && errors.Is(err, fs.ErrNotExist) {
			return &manager.UnseenError{Err: fmt.Errorf("process '%s' was activated, but %s names no running process after %s%s",
				unit.Name, unit.PIDFile, seenWithin, manager.LogTail(unit))}
		}
	}
	return nil
}

// Status reads the pid files.
func (Manager) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	return manager.StatusByPIDFiles(units)
}

// MayInstall says whether disnix-deploy would refuse to begin.
func (m Manager) MayInstall(context.Context, []manager.Unit) error {
	for _, program := range []string{"disnix-deploy", "dysnomia"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not on the PATH: install Disnix and Dysnomia", program)
		}
	}
	lock := m.lockFile()
	if _, err := os.Lstat(lock); err == nil {
		return fmt.Errorf("another deployment of Disnix is at work on the profile '%s'; if none is, one was killed: remove %s", m.Profile, lock)
	}
	return nil
}

// lockFile is where disnix-run-activity keeps others away.
func (m Manager) lockFile() string {
	return filepath.Join(os.TempDir(), "disnix-"+m.Profile+".lock")
}

// passedOn are the variables that Disnix, Dysnomia and Nix read. Nothing else of
// the caller's environment reaches a process.
func passedOn(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	for _, prefix := range []string{"NIX_", "DISNIX_", "DYSNOMIA_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"}, name)
}

func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool { return !passedOn(variable) })
}
