package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"nixproc/lib/deploy"
	"nixproc/lib/manifest"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/profile"
	"nixproc/lib/tempdir"
	"nixproc/nixeval"
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
	err = s.withNetwork(o, where, operands, func(w networkWork) error { return s.deployNetwork(o, w) })
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
	if err := s.switching(where); err != nil {
		return err
	}
	return s.withNetwork(o, where, operands, func(w networkWork) error { return planNetwork(o, w) })
}

// networkWork is a deployment to a network, before anything is touched.
type networkWork struct {
	where         profile.Profile
	old, manifest string // paths; old is "" where nothing is deployed
	generation    int    // that the manifest is already; 0 for a new one
	before, after manifestxml.Network
	current       network.On // what the current generation says
	deployed      network.On // the same, as far as it is known
	pending       pending
	id            string                // by which machines know the network; "" if it has none yet
	known         map[string]bool       // machines that have nothing that it does not know of
	earlier       []manifestxml.Network // generations before, if they were needed
	changes       []network.Change
}

// withNetwork finds out what the options ask for, and that all machines answer, and
// calls a function with it.
func (s *session) withNetwork(o *options, where profile.Profile, operands []string, act func(networkWork) error) error {
	if err := errors.Join(checkNetworkOptions(o, operands), plainTemp()); err != nil {
		return err
	}
	w := networkWork{where: where}
	current, exists, err := where.Current()
	if err != nil {
		return err
	}
	if exists {
		w.old = current.Path
		if w.before, err = manifestxml.ReadNetwork(w.old); err != nil {
			return err
		}
	}
	if err := errors.Join(w.readID(), w.readPending()); err != nil {
		return err
	}
	if o.rollback {
		previous, err := w.goingBack()
		if err != nil {
			return err
		}
		w.manifest, w.generation = previous.Path, previous.Number
		if w.after, err = manifestxml.ReadNetwork(w.manifest); err != nil {
			return err
		}
		used := mapped(w.before)
		maps.Copy(used, mapped(w.after))
		answers, err := s.askMachines(o, &w, wantingWhatIs(w.after), used)
		if err != nil {
			return err
		}
		return w.decide(o, answers, act)
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
	before := w.before
	go func() { checked <- s.checkNetwork(temporary.Path, o, &model, before) }()
	answers, err := s.askMachines(o, &w, model.targets(), model.used(w.before))
	if wrong := <-checked; wrong != nil && s.soft.Err() == nil {
		return wrong
	}
	if err != nil {
		return err
	}
	if w.manifest, err = s.networkManifest(temporary.Path, o, model); err != nil {
		return err
	}
	if w.after, err = manifestxml.ReadNetwork(w.manifest); err != nil {
		return err
	}
	return w.decide(o, answers, act)
}

// askMachines asks machines before a switch, which all have to answer. A plan goes on
// without them.
func (s *session) askMachines(o *options, w *networkWork, targets []manifestxml.Target, used map[string]bool) (map[string]said, error) {
	if err := w.remember(targets); err != nil {
		return nil, err
	}
	answers := s.askAlso(*w, targets, used)
	if s.soft.Err() != nil {
		return nil, errors.New("interrupted: nothing was touched")
	}
	selves := map[string]string{}
	for machine, answer := range answers {
		selves[machine] = answer.machine.Self
	}
	if err := network.Apart(selves); err != nil {
		return nil, &nixeval.ModelError{Text: err.Error()}
	}
	err := unreachable(answers)
	if err != nil && o.dryRun {
		note("warning: %v", err)
		return answers, nil
	}
	return answers, err
}

// decide compares what is deployed with what is to be.
func (w networkWork) decide(o *options, answers map[string]said, act func(networkWork) error) error {
	if o.timeout > 0 {
		w.after.SetProperty(network.Module, "timeout", strconv.Itoa(o.timeout))
	}
	after := placed(w.after)
	settled, err := w.settleOwners(after, answers, o.takeOver)
	if err = errors.Join(err, refused(settled.Conflicts)); err != nil {
		return err
	}
	for _, line := range settled.LostLines() {
		note("warning: %s", line)
	}
	var machines []string
	for _, target := range w.after.Targets {
		machines = append(machines, target.Name)
	}
	w.changes = network.Compare(w.deployed, after, machines, goesOn)
	network.Revive(w.changes, func(machine, process string) bool { return answers[machine].of(process).Down })
	return act(w)
}

// goingBack is the generation to which a rollback leads: the one before the current
// one, or that one itself where a switch from it did not come to its end.
func (w networkWork) goingBack() (profile.Generation, error) {
	current, exists, err := w.where.Current()
	switch {
	case err != nil:
		return current, err
	case !exists && w.deployed.Doubtful():
		return current, fmt.Errorf("nothing was deployed in the profile %s before: nixproc network-switch --undeploy stops what the first switch has started", w.where.Path())
	case !exists:
		return current, fmt.Errorf("nothing is deployed in the profile %s", w.where.Path())
	case w.deployed.Doubtful():
		return current, nil
	}
	previous, exists, err := w.where.Before(current.Number)
	if err == nil && !exists {
		err = fmt.Errorf("there is no generation before %d in %s", current.Number, w.where.Path())
	}
	return previous, err
}

// placed is what a manifest says is on each machine.
func placed(n manifestxml.Network) network.On {
	names := map[manifestxml.Dependency]string{}
	for _, m := range n.Mappings {
		names[manifestxml.Dependency{Target: m.Target, Key: m.Key}] = m.Name
	}
	on := network.On{}
	for _, m := range n.Mappings {
		if on[m.Target] == nil {
			on[m.Target] = map[string]network.Deployed{}
		}
		one := network.Deployed{Package: m.Package, Type: m.Type, Container: m.Container}
		for _, dependency := range m.DependsOn {
			one.After = append(one.After, network.Place{Machine: dependency.Target, Process: names[dependency]})
		}
		on[m.Target][m.Name] = one
	}
	return on
}

// goesOn says whether nixproc, on the machine, leaves the process of one package
// running when it deploys the other.
func goesOn(old, now network.Deployed) bool {
	if old.Type != network.Module || now.Type != network.Module || old.Container != now.Container {
		return false
	}
	before, after := manifestOf(old.Package), manifestOf(now.Package)
	return before != nil && after != nil && before.Manager == after.Manager &&
		slices.EqualFunc(before.Processes, after.Processes, func(was, is manifest.Process) bool {
			return was.Name == is.Name && was.Key == is.Key && !was.Foreign && !is.Foreign
		})
}

// manifestOf is that of the profile that a service's package leads to; nil if it has
// none.
func manifestOf(service string) *manifest.Manifest {
	if profile := profileOf(service); profile != "" {
		if found, err := manifest.Read(profile); err == nil {
			return found
		}
	}
	return nil
}

// profileOf is the profile that a service's package leads to; "" if it leads to none.
func profileOf(service string) string {
	links, _ := filepath.Glob(filepath.Join(service, network.ServiceDir, "*"))
	if len(links) != 1 {
		return ""
	}
	profile, _ := os.Readlink(links[0])
	return profile
}
