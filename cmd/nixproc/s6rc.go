package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"nixproc/lib/manager"
	"nixproc/lib/manager/s6rc"
	"nixproc/lib/run"
	"nixproc/lib/statedir"
)

// s6rcPlace follows from the directories that expressions have: STATE/run also
// for the state directory /var.
func s6rcPlace(o *options) s6rc.Place {
	dirs := o.dirs.Expression()
	return s6rc.Place{
		Live:      filepath.Join(dirs.Runtime, "s6-rc"),
		Scan:      filepath.Join(dirs.Runtime, "service"),
		Databases: filepath.Join(dirs.State, "etc/s6/rc"),
	}
}

func newS6rc(o *options) (manager.Manager, error) {
	m := &s6rc.Manager{Runner: run.Host{}, Where: func() s6rc.Place { return s6rcPlace(o) }}
	if o.profile != "" { // what only builds has none
		where, err := locate(o.profile)
		if err != nil {
			return nil, err
		}
		m.Profile = where.Path()
	}
	return m, nil
}

// s6svscan makes the scan directory and becomes s6-svscan(8), which has to keep
// the process ID: whoever supervises this command supervises it.
func s6svscan(_ *session, o *options, operands []string) error {
	if len(operands) > 0 {
		return usageError{"s6-svscan takes no operands: the scan directory is RUNTIME/service"}
	}
	program, err := exec.LookPath("s6-svscan")
	if err != nil {
		return fmt.Errorf("s6-svscan is not installed: %w", err)
	}
	scan := s6rcPlace(o).Scan
	if err := statedir.Make(scan); err != nil {
		return err
	}
	if err := syscall.Exec(program, []string{"s6-svscan", scan}, os.Environ()); err != nil {
		return fmt.Errorf("%s can't be run: %w", program, err)
	}
	return nil
}
