package main

import (
	"context"
	"fmt"
	"slices"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// runActivityWith gives the command that runs one activity of all wanted
// scripts, in order. All of them run, whatever becomes of the others; the error
// names those that failed.
func runActivityWith(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error { return runActivity(s, managerName, o, operands) }
}

// activities is a manager whose units have any number of them.
type activities interface {
	Run(ctx context.Context, unit manager.Unit, activity string) (run.Result, error)
}

func runActivity(s *session, managerName string, o *options, operands []string) error {
	if len(operands) == 0 || len(operands) > 2 {
		return usageError{"name an activity (start, stop, status, …), and perhaps a profile"}
	}
	target, err := s.target(managerName, o)
	if err != nil {
		return err
	}
	path, err := profilePath(target, operands[1:])
	if err != nil {
		return err
	}
	units, err := target.Manager.Units(path)
	if err != nil {
		return err
	}
	units = slices.DeleteFunc(units, func(unit manager.Unit) bool { return !unit.Wanted })
	slices.SortStableFunc(units, func(a, b manager.Unit) int { return a.Rank - b.Rank })
	if o.reverse {
		slices.Reverse(units)
	}

	failed := 0
	for _, unit := range units {
		if s.soft.Err() != nil {
			return fmt.Errorf("interrupted before '%s'", unit.Name)
		}
		result, err := target.Manager.(activities).Run(s.ctx, unit, operands[0])
		fmt.Print(result.Stdout)
		if err != nil {
			note("process '%s': %v", unit.Name, err)
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("'%s' failed for %d of %d processes", operands[0], failed, len(units))
	}
	return nil
}

// profilePath is the profile that was named, or the one that runs.
func profilePath(target deploy.Target, operands []string) (string, error) {
	if len(operands) > 0 {
		model, prebuilt, err := modelOf(operands)
		if err == nil && !prebuilt {
			err = usageError{operands[0] + " is no profile"}
		}
		return model.ExprFile, err
	}
	previous, err := target.FindPrevious()
	if err == nil && previous.Path == "" {
		err = fmt.Errorf("nothing is deployed in the profile %s", target.Profile.Path())
	}
	return previous.Path, err
}
