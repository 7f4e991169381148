package main

import (
	"errors"
	"maps"
	"strconv"

	"nixproc/lib/coordinator"
	"nixproc/lib/deploy"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/profile"
	"nixproc/lib/tempdir"
)

// networkSwitch has Disnix deploy a processes model to several machines.
func networkSwitch(s *session, o *options, operands []string) error {
	if o.dryRun {
		return networkPlan(s, o, operands)
	}
	where, err := placeOf("disnix", o)
	if err != nil {
		return err
	}
	lock, err := deploy.Acquire(s.soft, where.LockFile(), o.wait)
	if err != nil {
		return err
	}
	err = s.withNetwork(o, where, operands, func(c *coordinator.Coordinator) error { return s.deployNetwork(o, c) })
	if err != nil {
		return errors.Join(err, lock.Withdraw())
	}
	return lock.Release()
}

// networkPlan shows what networkSwitch would do.
func networkPlan(s *session, o *options, operands []string) error {
	o.dryRun = true
	where, err := placeOf("disnix", o)
	if err != nil {
		return err
	}
	if err := coordinator.Free(s.soft, where); err != nil {
		return err
	}
	return s.withNetwork(o, where, operands, func(c *coordinator.Coordinator) error { return planNetwork(o, c) })
}

// coordinator is that of a network, with nothing decided.
func (s *session) coordinator(o *options, where profile.Profile) (*coordinator.Coordinator, error) {
	c := &coordinator.Coordinator{Where: where, Soft: s.soft, Hard: s.ctx, Jobs: o.jobs, Tell: note}
	c.Keep = func(manifest, link string) error {
		nix, err := newNix(s.soft)
		if err != nil {
			return err
		}
		return nix.Keep(s.soft, manifest, link)
	}
	return c, c.Read()
}

// withNetwork finds out what the options ask for, and that all machines answer, and
// calls a function with it.
func (s *session) withNetwork(o *options, where profile.Profile, operands []string, act func(*coordinator.Coordinator) error) error {
	if err := errors.Join(checkNetworkOptions(o, operands), plainTemp()); err != nil {
		return err
	}
	c, err := s.coordinator(o, where)
	if err != nil {
		return err
	}
	if o.rollback {
		if err := c.GoBack(); err != nil {
			return err
		}
		used := coordinator.Mapped(c.Before)
		maps.Copy(used, coordinator.Mapped(c.After))
		answers, err := s.askMachines(o, c, coordinator.WantingWhatIs(c.After), used)
		if err != nil {
			return err
		}
		return decideNetwork(o, c, answers, act)
	}
	source, err := networkSource(o, operands)
	if err != nil {
		return err
	}
	temporary, err := tempdir.New()
	if err != nil {
		return err
	}
	defer temporary.Remove()
	model, err := s.networkModel(temporary.Path, o, source)
	if err != nil {
		return err
	}
	// It is looked at while the machines answer: that takes as long.
	checked := make(chan error, 1)
	before := c.Before
	go func() { checked <- s.checkNetwork(temporary.Path, o, &model, before) }()
	answers, err := s.askMachines(o, c, model.targets(), model.used(c.Before))
	if wrong := <-checked; wrong != nil && s.soft.Err() == nil {
		return wrong
	}
	if err != nil {
		return err
	}
	manifest, err := s.networkManifest(temporary.Path, o, model)
	if err != nil {
		return err
	}
	if err := c.DeployManifest(manifest); err != nil {
		return err
	}
	return decideNetwork(o, c, answers, act)
}

// askMachines asks machines before a switch, which all have to answer. A plan goes on
// without them.
func (s *session) askMachines(o *options, c *coordinator.Coordinator, targets []manifestxml.Target, used map[string]bool) (coordinator.Answers, error) {
	answers, err := c.AskBefore(targets, used)
	if err != nil {
		return nil, err
	}
	err = answers.Unreachable()
	if err != nil && o.dryRun {
		note("warning: %v", err)
		return answers, nil
	}
	return answers, err
}

// decideNetwork compares what is deployed with what is to be, and does something
// with that.
func decideNetwork(o *options, c *coordinator.Coordinator, answers coordinator.Answers, act func(*coordinator.Coordinator) error) error {
	if o.timeout > 0 {
		c.After.SetProperty(network.Module, "timeout", strconv.Itoa(o.timeout))
	}
	if err := c.Decide(answers, o.takeOver); err != nil {
		return err
	}
	return act(c)
}

// deployNetwork brings about what was decided, and tells what became of it.
func (s *session) deployNetwork(o *options, c *coordinator.Coordinator) error {
	err := c.Deploy()
	if failure, failed := errors.AsType[*coordinator.Failure](err); failed {
		networkFailed(o, c, failure)
	}
	if err != nil {
		return err
	}
	return errors.Join(keepIDs(o), s.networkDone(o, c))
}
