package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"nixproc/lib/accounts"
	"nixproc/lib/manifest"
	"nixproc/lib/run"
	"nixproc/nixeval"
)

// deployStateless runs supervisord on a model for as long as this command runs:
// no profile, no generation, and nothing stays but the state of the processes.
func deployStateless(s *session, o *options, operands []string) error {
	model, prebuilt, err := modelOf(operands)
	if err != nil {
		return err
	}
	if prebuilt {
		path := model.ExprFile
		owner, err := manifest.ManagerOf(path)
		if err != nil {
			return err
		}
		if owner != "supervisord" {
			return &nixeval.ModelError{Text: path + " is no profile for supervisord"}
		}
		return s.runSupervisord(o, path)
	}
	e, err := s.evaluate("supervisord", model, o)
	if err != nil {
		return err
	}
	defer e.close()
	// The root goes with the temporary directory.
	if err := e.build(s.soft, filepath.Join(e.temporary.Path, "profile")); err != nil {
		return err
	}
	return s.runSupervisord(o, e.Profile)
}

func (s *session) runSupervisord(o *options, path string) error {
	needed, err := accounts.Read(path)
	if err != nil {
		return err
	}
	if err := o.dirs.Check(); err != nil {
		return err
	}
	database := accountsOf(o, "supervisord")
	if database != nil && !needed.Empty() && os.Getuid() != 0 {
		return errors.New("only root can create and remove users and groups: run as root, or add --force-disable-user-change")
	}
	if err := o.dirs.Create(o.disableUserChange); err != nil {
		return err
	}
	if database == nil || needed.Empty() {
		return s.supervisord(o, path)
	}
	report, err := database.Ensure(s.soft, needed)
	noteWarnings(report)
	if err == nil {
		err = s.supervisord(o, path)
	}
	// Also after an interruption.
	removed, removeErr := database.Remove(context.WithoutCancel(s.ctx), report.Created)
	noteWarnings(removed)
	return errors.Join(err, removeErr)
}

func noteWarnings(report accounts.Report) {
	for _, warning := range report.Warnings {
		note("warning: %s", warning)
	}
}

// supervisord writes where all else goes; by itself it would take the working
// directory.
func (s *session) supervisord(o *options, path string) error {
	dirs := o.dirs.Resolved(runtime.GOOS)
	err := run.Foreground(s.soft, "supervisord", "-n", "-c", filepath.Join(path, "supervisord.conf"),
		"--logfile", filepath.Join(dirs.Log, "supervisord.log"), "--pidfile", filepath.Join(dirs.Runtime, "supervisord.pid"))
	if err != nil {
		return fmt.Errorf("supervisord ended: %w", err)
	}
	return nil
}
