package coordinator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/run"
)

// activityTimeout bounds what a machine is asked to do at a time. What starts and
// stops processes there has bounds of its own, which are shorter (--timeout).
const activityTimeout = 15 * time.Minute

// endsWithin is how long the program by which a machine is reached has to end, when
// nothing is waited for any more.
const endsWithin = 200 * time.Millisecond

// activity has a machine do something, through the program by which Disnix reaches
// it (disnix-run-activity --help tells what there is). At a second signal it is not
// waited for: to interrupt that program does not interrupt what it has begun elsewhere.
func (c *Coordinator) activity(ctx context.Context, target manifestxml.Target, args ...string) error {
	args = append([]string{target.ClientInterface, "--target", target.Address}, args...)
	ended := make(chan error, 1)
	go func() {
		_, err := run.Host{}.Run(ctx, run.Command{Args: args, Timeout: activityTimeout})
		ended <- err
	}()
	var late <-chan time.Time
	for left := c.Hard.Done(); ; {
		select {
		case err := <-ended:
			if e, ok := errors.AsType[*run.Error](err); ok && e.Canceled && c.Hard.Err() != nil {
				return network.ErrLeft
			}
			return err
		case <-left:
			left, late = nil, time.After(endsWithin)
		case <-late:
			return network.ErrLeft
		}
	}
}

// each does something with all of some machines, side by side.
func each(targets []manifestxml.Target, do func(i int, target manifestxml.Target)) {
	var all sync.WaitGroup
	free := make(chan struct{}, askedAtOnce)
	for i, target := range targets {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			do(i, target)
		})
	}
	all.Wait()
}

// onAll has all of some machines do something, side by side, and gives the errors of
// those that failed.
func onAll(targets []manifestxml.Target, do func(manifestxml.Target) error) map[string]error {
	failed := map[string]error{}
	var mu sync.Mutex
	each(targets, func(_ int, target manifestxml.Target) {
		if err := do(target); err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed[target.Name] = err
		}
	})
	return failed
}

// step starts or stops one process on its machine.
func (c *Coordinator) step(step network.Step) error {
	target := c.machine(step.Machine)
	verb, operation := "starting", "--activate"
	switch {
	case step.Stop:
		verb, operation = "stopping", "--deactivate"
	case step.Instead.Package != "":
		verb = "refreshing"
	}
	c.Tell("%s %s on %s", verb, step.Process, step.Machine)
	args := []string{operation, "--type", step.Service.Type, "--container", step.Service.Container}
	args = append(args, argumentsOf(target.Containers[step.Service.Container])...)
	args = append(args, c.ownerArguments(step)...)
	return c.activity(c.Hard, target, append(args, step.Service.Package)...)
}

// argumentsOf passes the properties of a container.
func argumentsOf(properties map[string]string) (args []string) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		args = append(args, "--arguments", name+"="+properties[name])
	}
	return args
}

func (c *Coordinator) machine(name string) manifestxml.Target {
	i := slices.IndexFunc(c.After.Targets, func(target manifestxml.Target) bool { return target.Name == name })
	return c.After.Targets[i]
}

// setProfiles has each machine keep the packages that it has now, or, with the
// older manifest, had.
func (c *Coordinator) setProfiles(n manifestxml.Network) error {
	var profiles []manifestxml.Target
	for _, target := range n.Targets {
		if i := slices.IndexFunc(c.After.Targets, func(now manifestxml.Target) bool { return now.Name == target.Name }); i >= 0 && target.Profile != "" {
			now := c.After.Targets[i]
			now.Profile = target.Profile
			profiles = append(profiles, now)
		}
	}
	failed := onAll(profiles, func(target manifestxml.Target) error {
		return c.activity(c.Hard, target, "--set", "--profile", c.Where.Name, target.Profile)
	})
	var text []string
	for _, machine := range slices.Sorted(maps.Keys(failed)) {
		text = append(text, fmt.Sprintf("%s can't keep its packages: %v", machine, Unanswered(failed[machine])))
	}
	if text == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(text, "\n"))
}
