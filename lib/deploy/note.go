package deploy

import (
	"context"
	"time"

	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/run"
)

// unwrittenError says that a step was not done because the journal can't be
// written. It is no failure of the process.
type unwrittenError struct{ error }

// Unwrap gives the reason.
func (e unwrittenError) Unwrap() error { return e.error }

// noteBegun writes down that something begins that is done to units. A step that
// takes back another one is not kept from it by a full disk.
func (x *execution) noteBegun(verb string, units []manager.Unit) error {
	for _, step := range stepsOf(verb, units) {
		if err := x.journal.Begin(step); err != nil && !x.undoing {
			return unwrittenError{err}
		}
	}
	return nil
}

func (x *execution) noteDone(verb string, units []manager.Unit) {
	for _, step := range stepsOf(verb, units) {
		x.journal.Done(step)
	}
}

// noteInstall writes down that the files of a profile are about to be put in
// place, and has the disk keep it: from then on, a boot may start other
// processes than before.
func (x *execution) noteInstall(profile string) error {
	if err := x.journal.Begin(journal.Step{Verb: "install", Profile: profile}); err != nil {
		return err
	}
	return x.journal.Sync()
}

// stepsOf are what is done to units, one step for each profile.
func stepsOf(verb string, units []manager.Unit) []journal.Step {
	var steps []journal.Step
	at := map[string]int{}
	for _, unit := range units {
		i, known := at[unit.Profile]
		if !known {
			i = len(steps)
			at[unit.Profile] = i
			steps = append(steps, journal.Step{Verb: verb, Profile: unit.Profile})
		}
		steps[i].Units = append(steps[i].Units, unit.Name)
	}
	return steps
}

// watched gives the context of a step: each program that it runs is in the
// journal before its first instruction, so that who finds the journal can wait
// for its end.
func (x *execution) watched(verb string, units []manager.Unit) context.Context {
	return watched(x.ctx, x.journal, verb, units, x.undoing)
}

func watched(ctx context.Context, j *journal.Journal, verb string, units []manager.Unit, undoing bool) context.Context {
	if j == nil {
		return ctx
	}
	names := make([]string, len(units))
	for i, unit := range units {
		names[i] = unit.Name
	}
	return run.Watched(ctx, func(pid int, c run.Command) error {
		since, _ := pidfile.Started(pid)
		err := j.Call(journal.Call{
			PID: pid, Since: since, Boot: pidfile.Boot(), Until: time.Now().Add(c.Timeout), Line: run.Line(c.Args[:min(2, len(c.Args))]...), Verb: verb, Units: names,
		})
		if err == nil || undoing {
			return nil
		}
		return unwrittenError{err}
	})
}
