package main

import (
	"maps"
	"slices"

	"nixproc/lib/deploy"
	"nixproc/lib/profile"
)

// recoverSwitch undoes what an interrupted switch has begun, or finishes it.
func recoverSwitch(s *session, o *options, operands []string) error {
	if len(operands) > 0 {
		return usageError{"recover takes no operands: name the profile with -p"}
	}
	places, err := placesOf(o)
	if err != nil {
		return err
	}
	found := false
	for _, where := range places {
		target := deploy.Target{Profile: where}
		found = found || target.Unsettled()
		if err := s.recoverEarly(target, o); err != nil {
			return err
		}
		left, err := deploy.InterruptedIn(where)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(left)) {
			found = true
			if err := s.recoverFrom(name, where, o, left[name].Last.Options); err != nil {
				return err
			}
		}
	}
	if !found {
		note("nothing to recover: no switch of %s was interrupted", places[0].Path())
	}
	return nil
}

// placesOf are the profile of that name, and that of Disnix, which has its own
// place.
func placesOf(o *options) ([]profile.Profile, error) {
	ours, err := locate(o.profile)
	if err != nil {
		return nil, err
	}
	places := []profile.Profile{ours}
	if theirs, err := placeOf("disnix", o); err == nil {
		places = append(places, theirs)
	}
	return places, nil
}

// asInterrupted are the options of a switch that did not come to its end, by the
// words in its journal.
func (o *options) asInterrupted(managerName string, words []string) (*options, error) {
	name := managerName + "-deploy"
	was, _, err := parse(name, commands()[name].set, slices.Concat(words, []string{"--profile=" + o.profile}))
	return was, err
}

// recoverFrom goes on with the manager and the options of the switch that was
// interrupted.
func (s *session) recoverFrom(name string, where profile.Profile, o *options, words []string) error {
	was, err := o.asInterrupted(name, words)
	if err != nil {
		return err
	}
	was.jobs, was.timeout, was.wait, was.dryRun, was.json, was.keepGoing = o.jobs, o.timeout, o.wait, o.dryRun, o.json, o.keepGoing
	target, err := s.target(name, was)
	if err != nil {
		return err
	}
	target.Stay = true
	back := func() error {
		previous, err := target.FindPrevious()
		if err != nil {
			return err
		}
		if previous.Path != "" {
			if err := asDeployed(was, previous.Path); err != nil {
				return err
			}
		}
		if was.dryRun {
			return s.showPlan(target, was, previous.Path)
		}
		left, err := target.Interrupted()
		if err != nil || left == nil {
			return err // somebody else was faster
		}
		switch left.Last.New {
		case "":
			note("the last switch was interrupted before it did anything")
		case previous.Path:
			note("the switch to %s is finished", left.Last.New)
		default:
			note("the switch to %s is undone", left.Last.New)
		}
		return s.activate(target, was, previous.Path, previous.Generation)
	}
	if was.dryRun {
		return back()
	}
	return s.locked(target, was, back)
}
