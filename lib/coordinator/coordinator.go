// Package coordinator deploys to the machines of a network, from where their models
// are: it asks the machines what they have, compares that with what is to be, locks
// them, has them start and stop processes, takes that back if a step fails, and
// remembers what may be in doubt. Machines are reached by Disnix's client interface
// (disnix-run-activity(1)); what was deployed are generations of manifests of Disnix.
//
// It must not know command lines, models in Nix, how a process manager works, nor how
// any of it is printed. What follows from what is in lib/network.
package coordinator

import (
	"context"
	"errors"
	"fmt"

	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/profile"
)

// Coordinator is a deployment to a network.
type Coordinator struct {
	Where profile.Profile // of the network
	Soft  context.Context // ends when nothing new is to begin, and all be taken back
	Hard  context.Context // ends when nothing is to be waited for any more
	Jobs  int             // how many processes start or stop at a time on each machine
	// Keep makes the link, which keeps a manifest and all that it is made of.
	Keep func(manifest, link string) error
	Tell func(format string, args ...any)

	// Read has filled these in.
	Before   manifestxml.Network // what is deployed, and what may be
	Current  network.On          // what the current generation says
	Deployed network.On          // the same, as far as it is known
	// DeployManifest and GoBack fill these in, Decide the last.
	After   manifestxml.Network
	Changes []network.Change

	old, manifest string // paths; old is "" where nothing is deployed
	generation    int    // that the manifest is already; 0 for a new one
	pending       pending
	id            string                // by which machines know the network; "" if it has none yet
	known         map[string]bool       // machines that have nothing that it does not know of
	earlier       []manifestxml.Network // generations before, if they were needed
}

// ModelError says that the models want something that can't be.
type ModelError struct{ Text string }

func (e *ModelError) Error() string { return e.Text }

// Read reads what is deployed, and where that is in doubt.
func (c *Coordinator) Read() error {
	current, exists, err := c.Where.Current()
	if err != nil {
		return err
	}
	if exists {
		c.old = current.Path
		if c.Before, err = manifestxml.ReadNetwork(c.old); err != nil {
			return err
		}
	}
	return errors.Join(c.readID(), c.readPending())
}

// IsDeployed says whether there is a current generation.
func (c *Coordinator) IsDeployed() bool { return c.old != "" }

// DeployManifest chooses what is to be deployed: a manifest in the store.
func (c *Coordinator) DeployManifest(path string) (err error) {
	c.manifest = path
	c.After, err = manifestxml.ReadNetwork(path)
	return err
}

// GoBack chooses the generation before the current one, or that one itself where a
// switch from it did not come to its end.
func (c *Coordinator) GoBack() error {
	previous, err := c.goingBack()
	if err != nil {
		return err
	}
	c.generation = previous.Number
	return c.DeployManifest(previous.Path)
}

func (c *Coordinator) goingBack() (profile.Generation, error) {
	current, exists, err := c.Where.Current()
	switch {
	case err != nil:
		return current, err
	case !exists && c.Deployed.Doubtful():
		return current, fmt.Errorf("nothing was deployed in the profile %s before: nixproc network-switch --undeploy stops what the first switch has started", c.Where.Path())
	case !exists:
		return current, fmt.Errorf("nothing is deployed in the profile %s", c.Where.Path())
	case c.Deployed.Doubtful():
		return current, nil
	}
	previous, exists, err := c.Where.Before(current.Number)
	if err == nil && !exists {
		err = fmt.Errorf("there is no generation before %d in %s", current.Number, c.Where.Path())
	}
	return previous, err
}

// Decide compares what is deployed with what is to be, by what the machines have
// said. With takeOver, what other networks have is to be this one's; without it, that
// is a *ModelError.
func (c *Coordinator) Decide(answers Answers, takeOver bool) error {
	after := Placed(c.After)
	settled, err := c.SettleOwners(after, answers, takeOver)
	if err = errors.Join(err, refused(settled.Conflicts)); err != nil {
		return err
	}
	for _, line := range settled.LostLines() {
		c.Tell("warning: %s", line)
	}
	var machines []string
	for _, target := range c.After.Targets {
		machines = append(machines, target.Name)
	}
	c.Changes = network.Compare(c.Deployed, after, machines, goesOn)
	network.Revive(c.Changes, func(machine, process string) bool { return answers.Of(machine, process).Down })
	return nil
}
