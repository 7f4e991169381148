package testmachine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"nixproc/lib/tempdir"
)

// WorkDir is a directory that goes when this program and all machines in it have
// ended, whatever ended them.
type WorkDir struct {
	Path     string
	watcher  *exec.Cmd
	lifeline *os.File // open in all that needs the directory
}

// NewWorkDir makes one.
func NewWorkDir() (*WorkDir, error) {
	dir, err := tempdir.New()
	if err != nil {
		return nil, err
	}
	w := &WorkDir{Path: dir.Path}
	fail := func(err error) (*WorkDir, error) {
		return nil, fmt.Errorf("no directory to work in: %w", errors.Join(err, dir.Remove()))
	}
	if err := os.Chmod(dir.Path, 0o755); err != nil { // other users' processes run in it
		return fail(err)
	}
	input, lifeline, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	defer input.Close()
	w.lifeline = lifeline
	w.watcher = self(workDirName, dir.Path)
	w.watcher.Stdin = input
	w.watcher.SysProcAttr = watcherAttributes()
	if dir.Lock != nil {
		w.watcher.ExtraFiles = []*os.File{dir.Lock}
	}
	if err := w.watcher.Start(); err != nil {
		lifeline.Close()
		return fail(err)
	}
	dir.Lock.Close() // from here on, the watcher has it
	return w, nil
}

// Close is for when this program does not need the directory any more. It waits
// until it is gone, if no machine was kept.
func (w *WorkDir) Close(kept bool) error {
	w.lifeline.Close()
	if kept {
		return w.watcher.Process.Release()
	}
	if err := w.watcher.Wait(); err != nil {
		return fmt.Errorf("%s may be left: %w", w.Path, err)
	}
	return nil
}
