package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/plan"
	"nixproc/nixeval"
)

// switchWith gives the command that switches to a model with a manager.
func switchWith(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		if err := onlyOneOperation(o, operands); err != nil {
			return err
		}
		if err := checkIDOptions(o); err != nil {
			return err
		}
		target, err := s.target(managerName, o)
		if err != nil {
			return err
		}
		switch {
		case o.listGenerations:
			return listGenerations(target, o)
		case o.deleteGenerations != "":
			return s.deleteGenerations(target, o)
		case o.deleteAllGenerations:
			return s.deleteAllGenerations(target, o)
		case o.rollback:
			return s.switchGeneration(target, o, "")
		case o.switchGeneration != "":
			return s.switchGeneration(target, o, o.switchGeneration)
		case o.undeploy:
			return s.undeploy(target, o)
		}
		model, prebuilt, err := modelOf(operands)
		if err != nil {
			return err
		}
		switch {
		case prebuilt && o.ids != "":
			return usageError{"--ids: " + model.String() + " is a profile, which can't take other IDs: name the processes model"}
		case prebuilt:
			return s.deployPrebuilt(target, o, model.ExprFile)
		case o.ids != "":
			return s.switchWithIDs(target, o, model)
		}
		return s.switchTo(target, o, model)
	}
}

// target is where the options say that a profile is to be deployed to.
func (s *session) target(managerName string, o *options) (deploy.Target, error) {
	where, err := placeOf(managerName, o)
	if err != nil {
		return deploy.Target{}, err
	}
	m, err := s.newManager(managerName, o)
	if err != nil {
		return deploy.Target{}, err
	}
	t := deploy.Target{Profile: where, Manager: m, RestartDependents: o.restartDepends}
	if _, moves := manager.As[manager.Mover](m); moves && o.keepGoing {
		return t, usageError{"--keep-going: " + managerName + " starts all processes by one command, which undoes all of them where one fails: leave the option out"}
	}
	if managerName == "cygrunsrv" {
		t.RestartDependents = true // Windows stops no service that another one needs
	}
	if o.oldProfile != "" {
		t.Previous, err = filepath.EvalSymlinks(o.oldProfile)
		if errors.Is(err, fs.ErrNotExist) {
			note("--old-profile: %s does not exist: nothing is taken to be deployed", o.oldProfile)
			t.Fresh, err = true, nil
		}
		if err == nil {
			t.Previous, err = filepath.Abs(t.Previous)
		}
		if err != nil {
			return t, usageError{"--old-profile: " + err.Error()}
		}
		if !t.Fresh {
			if err := checkBuilt(t.Previous); err != nil {
				return t, err
			}
			if err := belongs(t, t.Previous); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

// undeploy switches to an empty profile, where the one that runs is.
func (s *session) undeploy(target deploy.Target, o *options) error {
	previous, err := target.FindPrevious()
	if err != nil {
		return err
	}
	switch {
	case previous.Path != "":
		if err := asDeployed(o, previous.Path); err != nil {
			return err
		}
	case previous.Other != "":
		// Whoever mistakes the manager must not think that all was stopped.
		return fmt.Errorf("nothing of %s is deployed in the profile %s: what runs is %[3]s's (nixproc undeploy -P %[3]s stops it)",
			target.Manager.Name(), target.Profile.Path(), previous.Other)
	default:
		if left, err := target.Interrupted(); err != nil || left == nil {
			return errors.Join(err, s.undeployNothing(target, o))
		}
	}
	return s.switchTo(target, o, nixeval.Source{})
}

// undeployNothing is an undeployment where nothing was ever deployed: no
// generation is made of that.
func (s *session) undeployNothing(target deploy.Target, o *options) error {
	note("nothing is deployed in the profile %s", target.Profile.Path())
	if o.dryRun {
		return newResults(nil).printPlan(plan.Plan{}, o.json)
	}
	return newResults(nil).print(plan.Plan{}, 0, o.json)
}

// switchTo evaluates a model (an empty one for none), builds its profile, and makes it
// the one that runs.
func (s *session) switchTo(target deploy.Target, o *options, model nixeval.Source) error {
	if err := deploy.Free(s.soft, target.Profile.LockFile(), o.wait); err != nil {
		return err
	}
	if err := s.recoverEarly(target, o); err != nil {
		return err
	}
	e, err := s.evaluateAhead(&target, o, model)
	if err != nil {
		return err
	}
	defer e.close()
	if o.dryRun {
		return s.showEvaluated(target, o, e)
	}
	return s.locked(target, o, func() error { return s.activateEvaluated(target, o, e) })
}

// evaluateAhead evaluates a model, and meanwhile reads what runs.
func (s *session) evaluateAhead(target *deploy.Target, o *options, model nixeval.Source) (*evaluated, error) {
	if previous, err := target.FindPrevious(); err == nil && previous.Path != "" {
		// Nix needs no more than one core meanwhile.
		target.Manager = manager.ReadAhead(target.Manager, previous.Path)
	}
	return s.evaluate(target.Manager.Name(), model, o)
}

// showEvaluated shows what a switch to an evaluated model would do.
func (s *session) showEvaluated(target deploy.Target, o *options, e *evaluated) error {
	if err := e.build(s.soft, ""); err != nil {
		return err
	}
	return s.showPlan(target, o, e.Profile)
}

// activateEvaluated builds the profile of an evaluated model and activates it.
// The caller holds the lock.
func (s *session) activateEvaluated(target deploy.Target, o *options, e *evaluated) error {
	number, exists, err := target.Profile.NumberFor(e.Profile)
	if err != nil {
		return err
	}
	if exists {
		return s.activate(target, o, e.Profile, number)
	}
	return s.activateNew(target, o, e.Profile, number, func(ctx context.Context, link string) error { return e.build(ctx, link) })
}

// build builds the profile, unless it is there.
func (e *evaluated) build(ctx context.Context, root string) error {
	if err := e.nix.Realise(ctx, e.Evaluation, root); err != nil {
		return explainBuild(err, e.Evaluation, e.model)
	}
	return e.checkIdle()
}

// activateNew makes a generation and activates it, and removes it again if that
// fails. The link is made first, so that it keeps the profile from garbage
// collection; the profile moves to it only when all of it runs.
func (s *session) activateNew(target deploy.Target, o *options, storePath string, number int, link func(ctx context.Context, link string) error) error {
	target.Making = number
	if err := target.Begin(storePath, o.managerOptions()); err != nil {
		return err
	}
	err := link(target.Building(s.soft), target.Profile.Link(number))
	if err == nil {
		err = s.activate(target, o, storePath, number)
	}
	if failure, failed := errors.AsType[*deploy.Failure](err); err == nil || failed && failure.Moved {
		return err
	}
	err = errors.Join(err, leave(target, err))
	if current, found, currentErr := target.Profile.Current(); currentErr == nil && found && current.Number == number {
		return err
	}
	if removeErr := target.Profile.Remove(number); removeErr != nil {
		note("generation %d could not be removed: %v", number, removeErr)
	}
	return err
}

// leave ends a switch that has failed: with its journal, if it has touched
// nothing and none was there.
func leave(target deploy.Target, why error) error {
	left, err := target.Interrupted()
	failure, touched := errors.AsType[*deploy.Failure](why)
	switch {
	case err != nil:
		return err
	case left == nil && (!touched || failure.Undone()):
		return target.End()
	}
	return target.Journal.Close()
}

// locked does something while no other command works on the profile.
func (s *session) locked(target deploy.Target, o *options, act func() error) error {
	lock, err := deploy.Acquire(s.soft, target.Profile.LockFile(), o.wait)
	if err != nil {
		return err
	}
	recovered, err := target.Recover()
	if recovered != "" {
		note("%s", recovered)
	}
	if err == nil {
		err = act()
	}
	if err != nil {
		return errors.Join(err, lock.Withdraw())
	}
	return lock.Release()
}
