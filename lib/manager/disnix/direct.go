package disnix

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Direct starts the processes of a manifest itself, by what their packages say,
// as Dysnomia's module "process" does. So a container needs neither Disnix nor
// Dysnomia to start what is deployed; accounts are there already.
type Direct struct {
	Runner run.Runner
	// LogDir is for the output of processes that do not say where theirs goes.
	LogDir func() string
}

// Name of the manager.
func (Direct) Name() string { return "disnix" }

// Units reads the processes of a manifest.
func (Direct) Units(profile string) ([]manager.Unit, error) { return Manager{}.Units(profile) }

// Status reads the pid files.
func (Direct) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	return Manager{}.Status(ctx, units)
}

// Stop ends the process and waits until it is gone.
func (Direct) Stop(ctx context.Context, unit manager.Unit) error { return Manager{}.Stop(ctx, unit) }

// Command is the line that a person would type.
func (Direct) Command(verb string, unit manager.Unit) string {
	if verb == "stop" {
		return "kill $(cat " + quote.Shell(unit.PIDFile) + ")"
	}
	words, err := program(unit)
	if err != nil {
		return ""
	}
	return quote.ShellWords(words...)
}

// Start runs the program of the process's package, which puts itself into the
// background, unless the process runs.
func (d Direct) Start(ctx context.Context, unit manager.Unit) error {
	if _, alive, err := read(unit); alive || err != nil {
		return err
	}
	if err := removeStale(unit); err != nil {
		return err
	}
	words, err := program(unit)
	if err != nil {
		return err
	}
	log := unit.Log
	// A process of another user has to make its log itself.
	if (log == "" || unit.User != "") && d.LogDir != nil {
		log = filepath.Join(d.LogDir(), "nixproc-"+unit.Name+".log")
	}
	if _, err := d.Runner.Run(ctx, run.Command{Args: words, Env: environment(), Log: manager.ScriptLog(log)}); err != nil {
		return err
	}
	return seen(ctx, []manager.Unit{unit})
}

// program gives the words of the program that starts a process. Dysnomia has a
// shell take them apart, unless the file keeps it from that.
func program(unit manager.Unit) ([]string, error) {
	own, _ := unit.Own.(Unit)
	what, err := properties(own.Package)
	switch {
	case err != nil:
		return nil, err
	case what.program == "":
		return nil, errors.New(own.Package + " says nowhere how it is started")
	case what.oneWord:
		return []string{what.program}, nil
	}
	return strings.Fields(what.program), nil
}
