package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/model"
	"nixproc/lib/plan"
	"nixproc/lib/run"
)

// settle is how long a process has to live to count as running.
const settle = 500 * time.Millisecond

// activate makes a profile the one that runs, and then the current generation.
func (s *session) activate(target deploy.Target, o *options, storePath string, number int) error {
	if !inside(target.Manager) {
		if err := o.dirs.Check(); err != nil {
			return err
		}
	}
	shared, ok := manager.As[manager.Shared](target.Manager)
	if !ok || shared.Place() == "" {
		return s.activateThere(target, o, storePath, number)
	}
	lock, err := deploy.AcquirePlace(s.soft, shared.Place(), o.wait)
	if err != nil {
		return err
	}
	return errors.Join(s.activateThere(target, o, storePath, number), lock.Release())
}

func (s *session) activateThere(target deploy.Target, o *options, storePath string, number int) error {
	if err := target.Await(s.soft, func(text string) { note("%s", text) }); err != nil {
		return err
	}
	comparison, err := s.compare(target, o, storePath)
	if err != nil {
		return err
	}
	restore, tidy := func() error { return nil }, func() error { return nil }
	if _, moves := manager.As[manager.Mover](target.Manager); moves {
		mark, err := target.Profile.Mark()
		if err != nil {
			return err
		}
		restore, tidy = mark.Restore, mark.Tidy
	}
	work := deploy.Work{
		Plan: comparison.Plan, Old: comparison.Old, New: storePath, Unready: comparison.Unready, Create: comparison.Create, Remove: comparison.Remove,
		Found: func(set accounts.Set) error { return target.RememberFound(set, comparison.Ours) },
		Left:  target.RememberLeft,
		Commit: func() error {
			if err := target.Commit(number); err != nil {
				return err
			}
			return tidy()
		},
	}
	database := accountsOf(o, target.Manager.Name())
	if database != nil && os.Getuid() != 0 && !(work.Create.Empty() && work.Remove.Empty()) {
		return errors.New("only root can create and remove users and groups: run as root, or add --force-disable-user-change")
	}
	if !inside(target.Manager) {
		if err := o.dirs.Create(o.disableUserChange); err != nil {
			return err
		}
	}
	if comparison.Plan.WritesPIDFiles() {
		if err := o.dirs.Room(); err != nil {
			return err
		}
	}
	results := newResults(comparison.States)
	d := deploy.Deployment{
		Manager: target.Manager, Accounts: database, Jobs: o.jobs, Settle: settle,
		NoRollback: o.noRollback, KeepGoing: o.keepGoing, Timeout: time.Duration(o.timeout) * time.Second, Observe: results.observe,
	}
	if target.Journal == nil && (!comparison.Plan.Empty() || comparison.Old != storePath) {
		if err := target.Begin(storePath, o.managerOptions()); err != nil {
			return err
		}
	}
	work.Journal = target.Journal
	err = d.Run(s.ctx, s.soft, work)
	failure, failed := errors.AsType[*deploy.Failure](err)
	if failed {
		err = errors.Join(err, restore(), s.tellFailed(target, o, results, comparison.Plan, failure))
	}
	if failed && (!failure.Certain() || failure.Undone() && comparison.Interrupted) {
		err = errors.Join(err, s.keepProfiles(target, comparison.Old, storePath))
	} else if endErr := target.End(); endErr != nil && err == nil {
		// All of it is done. The next command finds that out again.
		note("warning: the journal of the switch can't be removed: %v", endErr)
	} else {
		err = errors.Join(err, endErr)
	}
	if err != nil {
		return err
	}
	if err := results.print(comparison.Plan, number, o.json); err != nil {
		// All of it is done, whoever can't read it.
		note("the result can't be printed: %v", err)
	}
	return nil
}

// keepProfiles registers the roots of profiles that a later command has to read,
// where Nix does not find them by itself: whatever becomes of their generations.
func (s *session) keepProfiles(target deploy.Target, paths ...string) error {
	if target.Profile.InsideStateDir() {
		return nil
	}
	nix, err := newNix(s.ctx)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if path != "" {
			err = errors.Join(err, nix.Keep(s.ctx, path, target.Root(path)))
		}
	}
	return err
}

// tellFailed says what became of a switch that failed.
func (s *session) tellFailed(target deploy.Target, o *options, results *results, p plan.Plan, failure *deploy.Failure) error {
	rows := results.rowsAfter(run.Within(s.ctx, time.Duration(o.timeout)*time.Second), target.Manager, p, failure)
	results.tellFailed(rows)
	if !o.json {
		return nil
	}
	current, _, err := target.Profile.Current()
	return errors.Join(err, printFailed(rows, current.Number, failure))
}

// compare plans, and says what is worth knowing beforehand.
func (s *session) compare(target deploy.Target, o *options, storePath string) (deploy.Comparison, error) {
	previous, err := target.FindPrevious()
	if err != nil {
		return deploy.Comparison{}, err
	}
	if previous.Other != "" {
		note("the current generation is one of %s: its processes and accounts are left alone", previous.Other)
	}
	ask := func(units []manager.Unit) (map[string]manager.State, error) {
		return target.Manager.Status(run.Within(s.soft, time.Duration(o.timeout)*time.Second), units)
	}
	comparison, err := target.Compare(ask, previous.Path, storePath)
	if err != nil {
		return comparison, err
	}
	if comparison.Interrupted {
		note("the last switch was interrupted: what is in doubt is restarted")
	}
	for _, text := range comparison.Changed {
		note("warning: %s", text)
	}
	hosted, err := target.Hosted(comparison.Plan)
	if err != nil {
		return comparison, err
	}
	for _, text := range hosted {
		note("warning: %s", text)
	}
	for _, name := range slices.Sorted(maps.Keys(comparison.States)) {
		if doubt := comparison.States[name].Doubt; doubt != "" {
			note("warning: process '%s': its pid file is not believed: %s", name, doubt)
		}
	}
	if !strings.HasPrefix(target.Profile.Name, heldPrefix) { // there, each process has a profile of its own
		noteMissing(comparison.Plan)
	}
	noteSkipped(comparison.Plan)
	return comparison, nil
}

// noteMissing names the dependencies that are not in the profile. It asks the
// profile and not the model, which is not read when the profile is there.
func noteMissing(p plan.Plan) {
	there := map[string]bool{}
	for _, change := range p.Changes {
		there[change.Name] = change.New != nil
	}
	for _, change := range p.Changes {
		if change.New == nil {
			continue
		}
		for _, dependency := range change.New.Requires {
			if !there[dependency] {
				note("warning: %s", model.MissingDependency(change.Name, dependency))
			}
		}
	}
}

// noteSkipped names the processes that the profile has but that nothing starts
// here: the older tools did not, and people wondered.
func noteSkipped(p plan.Plan) {
	reasons := map[string][]string{}
	var order []string
	for _, change := range p.Changes {
		if change.Action == plan.Skip {
			if reasons[change.Reason] == nil {
				order = append(order, change.Reason)
			}
			reasons[change.Reason] = append(reasons[change.Reason], change.Name)
		}
	}
	for _, reason := range order {
		note("warning: not started: %s: %s", strings.Join(reasons[reason], ", "), reason)
	}
}

// showPlan prints what a switch would do.
func (s *session) showPlan(target deploy.Target, o *options, storePath string) error {
	comparison, err := s.compare(target, o, storePath)
	if err != nil {
		return err
	}
	for _, user := range comparison.Create.Users {
		fmt.Printf("create user %s\n", user.Name)
	}
	for _, user := range comparison.Remove.Users {
		fmt.Printf("remove user %s\n", user.Name)
	}
	return newResults(comparison.States).printPlan(comparison.Plan, o.json)
}

// deployWith gives the command that deploys a profile that was built before.
func deployWith(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		if len(operands) == 0 {
			return usageError{"no profile was given: name the directory that nixproc build made"}
		}
		model, prebuilt, err := modelOf(operands)
		if err != nil {
			return err
		}
		if !prebuilt {
			return usageError{operands[0] + " is no profile: build one with nixproc build -P " + managerName + " " + operands[0]}
		}
		target, err := s.target(managerName, o)
		if err != nil {
			return err
		}
		return s.deployPrebuilt(target, o, model.ExprFile)
	}
}

// deployPrebuilt activates a store path.
func (s *session) deployPrebuilt(target deploy.Target, o *options, storePath string) error {
	if err := belongs(target, storePath); err != nil {
		return err
	}
	if err := asDeployed(o, storePath); err != nil {
		return err
	}
	if o.dryRun {
		return s.showPlan(target, o, storePath)
	}
	return s.locked(target, o, func() error {
		number, exists, err := target.Profile.NumberFor(storePath)
		if err != nil {
			return err
		}
		if exists {
			return s.activate(target, o, storePath, number)
		}
		return s.activateNew(target, o, storePath, number, func(ctx context.Context, link string) error {
			if target.Profile.InsideStateDir() {
				return target.Profile.Create(number, storePath)
			}
			nix, err := newNix(ctx)
			if err != nil {
				return err
			}
			return nix.Keep(ctx, storePath, link)
		})
	})
}
