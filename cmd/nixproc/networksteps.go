package main

import (
	"context"
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

// activity has a machine do something, through the program by which Disnix reaches
// it (disnix-run-activity --help tells what there is).
func activity(ctx context.Context, target manifestxml.Target, args ...string) error {
	args = append([]string{target.ClientInterface, "--target", target.Address}, args...)
	_, err := run.Host{}.Run(ctx, run.Command{Args: args, Timeout: activityTimeout})
	return err
}

// onAll has all of some machines do something, side by side, and gives the errors of
// those that failed.
func onAll(targets []manifestxml.Target, do func(manifestxml.Target) error) map[string]error {
	failed := map[string]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	free := make(chan struct{}, askedAtOnce)
	for _, target := range targets {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if err := do(target); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed[target.Name] = err
			}
		})
	}
	all.Wait()
	return failed
}

// step starts or stops one process on its machine.
func (w networkWork) step(ctx context.Context, step network.Step) error {
	target := w.machine(step.Machine)
	verb, operation := "starting", "--activate"
	switch {
	case step.Stop:
		verb, operation = "stopping", "--deactivate"
	case step.Instead.Package != "":
		verb = "refreshing"
	}
	note("%s %s on %s", verb, step.Process, step.Machine)
	args := []string{operation, "--type", step.Service.Type, "--container", step.Service.Container}
	args = append(args, argumentsOf(target.Containers[step.Service.Container])...)
	args = append(args, w.ownerArguments(step)...)
	return activity(ctx, target, append(args, step.Service.Package)...)
}

// argumentsOf passes the properties of a container.
func argumentsOf(properties map[string]string) (args []string) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		args = append(args, "--arguments", name+"="+properties[name])
	}
	return args
}

func (w networkWork) machine(name string) manifestxml.Target {
	i := slices.IndexFunc(w.after.Targets, func(target manifestxml.Target) bool { return target.Name == name })
	return w.after.Targets[i]
}

// lock takes Disnix's lock on each machine, on all or on none.
func (s *session) lock(w networkWork) error {
	failed := onAll(w.after.Targets, func(target manifestxml.Target) error {
		return activity(s.soft, target, "--lock", "--profile", w.where.Name)
	})
	if len(failed) == 0 {
		return nil
	}
	var taken []manifestxml.Target
	var text []string
	for _, target := range w.after.Targets {
		switch err := failed[target.Name]; {
		case err == nil:
			taken = append(taken, target)
		case strings.Contains(err.Error(), "Cannot exclusively open the lock file"):
			text = append(text, fmt.Sprintf("%s is locked: another deployment of Disnix's profile %s is at work, or one was killed; if none is, unlock it: %s",
				target.Name, w.where.Name, unlockLine(w, target)))
		default:
			text = append(text, fmt.Sprintf("%s can't be locked: %v", target.Name, unanswered(err)))
		}
	}
	s.unlock(w, taken)
	return fmt.Errorf("%s\nnothing was started or stopped", strings.Join(text, "\n"))
}

// unlock gives the locks back, and says whether all are. Where that fails, it tells
// how.
func (s *session) unlock(w networkWork, targets []manifestxml.Target) bool {
	failed := onAll(targets, func(target manifestxml.Target) error {
		return activity(context.WithoutCancel(s.ctx), target, "--unlock", "--profile", w.where.Name)
	})
	for _, target := range targets {
		if err := failed[target.Name]; err != nil {
			note("warning: %s may still be locked: %v\nto unlock it, run: %s", target.Name, unanswered(err), unlockLine(w, target))
		}
	}
	return len(failed) == 0
}

// unlockLine is the command line that takes a lock of Disnix away.
func unlockLine(w networkWork, target manifestxml.Target) string {
	return run.Line(target.ClientInterface, "--target", target.Address, "--unlock", "--profile", w.where.Name)
}

// setProfiles has each machine keep the packages that it has now, or, with the
// older manifest, had.
func (s *session) setProfiles(ctx context.Context, w networkWork, n manifestxml.Network) error {
	var profiles []manifestxml.Target
	for _, target := range n.Targets {
		if i := slices.IndexFunc(w.after.Targets, func(now manifestxml.Target) bool { return now.Name == target.Name }); i >= 0 && target.Profile != "" {
			now := w.after.Targets[i]
			now.Profile = target.Profile
			profiles = append(profiles, now)
		}
	}
	failed := onAll(profiles, func(target manifestxml.Target) error {
		return activity(ctx, target, "--set", "--profile", w.where.Name, target.Profile)
	})
	var text []string
	for _, machine := range slices.Sorted(maps.Keys(failed)) {
		text = append(text, fmt.Sprintf("%s can't keep its packages: %v", machine, unanswered(failed[machine])))
	}
	if text == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(text, "\n"))
}
