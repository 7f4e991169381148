package main

import (
	"fmt"
	"slices"
	"strings"

	"nixproc/lib/manifest"
	"nixproc/lib/model"
	"nixproc/lib/render"
	"nixproc/nixeval"
)

// checkIdle looks for packages, built by now, that give the process manager nothing
// to run. Accounts are a purpose, too, and so is what only others need; but a process
// for another manager, or nothing at all to run, is not what was meant.
func (e *evaluated) checkIdle() error {
	contents, err := e.Model()
	if err != nil {
		return err
	}
	all := len(contents.Processes)
	if contents.Processes, err = e.notSeen(contents.Processes); err != nil {
		return err
	}
	idle, err := render.IdlePackages(contents)
	if err != nil {
		return err
	}
	idle = withoutAccounts(idle)
	if len(idle) == 0 {
		return nil
	}
	wrong := idleError(e.model, contents.Manager, idle)
	if len(idle) == all || slices.ContainsFunc(idle, func(i render.Idle) bool { return i.For != "" }) {
		return wrong
	}
	note("warning: %v", wrong)
	return nil
}

// checkPackages is checkIdle for a container, which has to have something to run, and
// no package that is of no use to it.
func checkPackages(e *nixeval.ImageEvaluation, source nixeval.Source) error {
	contents, err := e.Processes.Model()
	if err != nil {
		return err
	}
	idle, err := render.IdlePackages(contents)
	if err != nil {
		return err
	}
	if len(idle) < len(contents.Processes) {
		idle = withoutAccounts(idle)
	}
	if len(idle) == 0 {
		return nil
	}
	return idleError(source, contents.Manager, idle)
}

func withoutAccounts(idle []render.Idle) []render.Idle {
	return slices.DeleteFunc(slices.Clone(idle), func(i render.Idle) bool { return i.Accounts })
}

// notSeen are those of which the profile does not say that they have a process.
func (e *evaluated) notSeen(processes []model.Process) ([]model.Process, error) {
	built, err := manifest.Read(e.Profile)
	if built == nil || err != nil {
		return processes, err
	}
	seen := map[string]bool{}
	for _, p := range built.Processes {
		seen[p.Name] = true
	}
	return slices.DeleteFunc(processes, func(p model.Process) bool { return seen[p.Name] }), nil
}

func idleError(source nixeval.Source, manager string, idle []render.Idle) error {
	var names, hints []string
	for _, i := range idle {
		names = append(names, i.Attribute)
		hint := fmt.Sprintf("'%s' is for no process manager: createManagedProcess makes a process of a program", i.Attribute)
		switch {
		case i.For != "":
			hint = fmt.Sprintf("'%s' is for %s (-P %[2]s)", i.Attribute, i.For)
		case i.Accounts:
			hint = fmt.Sprintf("'%s' has accounts alone", i.Attribute)
		}
		hints = append(hints, hint)
	}
	packages := "package of process"
	if len(idle) > 1 {
		packages = "packages of processes"
	}
	return &nixeval.ModelError{Text: fmt.Sprintf("the processes model %s: there is nothing for %s to run in the %s '%s'\n%s",
		source, manager, packages, strings.Join(names, "', '"), strings.Join(hints, "\n"))}
}
