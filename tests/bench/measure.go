package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// step is something whose time is taken.
type step string

// The steps, as the table names them.
const (
	evaluate      step = "evaluate"
	firstBuild    step = "first build"
	changedBuild  step = "build, one changed"
	firstDeploy   step = "first deploy"
	noOpSwitch    step = "no-op switch"
	changedSwitch step = "switch, one changed"
	undeploy      step = "undeploy"

	// Of profiles that were built before: what a switch costs beside Nix.
	noOpBuilt    step = "no-op, built"
	changedBuilt step = "one changed, built"
)

var steps = []step{evaluate, firstBuild, changedBuild, noOpSwitch, firstDeploy, changedSwitch, noOpBuilt, changedBuilt, undeploy}

// noOps is how many no-op switches stand for one run: they are short, and the
// aim for them is narrow.
const noOps = 4

// results are the times of one framework with one number of processes.
type results struct {
	old    bool
	count  int
	times  map[step][]time.Duration
	floors map[step][]time.Duration
	peaks  map[step]int64 // bytes
}

func newResults(old bool, count int) results {
	return results{
		old: old, count: count,
		times: map[step][]time.Duration{}, floors: map[step][]time.Duration{}, peaks: map[step]int64{},
	}
}

// measurement takes them.
type measurement struct {
	results
	place     *place
	framework framework
	jobs      int
	runs      int
	round     int
}

func (m *measurement) measure(ctx context.Context) error {
	if err := m.warmUp(ctx); err != nil {
		return err
	}
	for range m.runs {
		if err := m.once(ctx); err != nil {
			return err
		}
	}
	return nil
}

// warmUp builds what all models share and, for ours, takes the memory of a
// first and of a no-op switch, for which no times count.
func (m *measurement) warmUp(ctx context.Context) error {
	if m.old {
		_, err := m.framework.buildOf(variant{count: 1}).run(ctx)
		return err
	}
	first := m.framework.switchOf(m.newVariant())
	first.watched = true
	for _, s := range []step{firstDeploy, noOpSwitch} {
		r, err := first.run(ctx)
		if err != nil {
			return err
		}
		m.peaks[s] = r.peak
	}
	_, err := m.framework.undeploy().run(ctx)
	return err
}

// newVariant is a model of which nothing was built or evaluated yet.
func (m *measurement) newVariant() variant {
	m.round++
	return variant{count: m.count, round: m.round}
}

// once takes all steps, once.
func (m *measurement) once(ctx context.Context) error {
	f := m.framework
	unseen, v := m.newVariant(), m.newVariant()
	var err error
	timed := func(c command) time.Duration {
		if err != nil {
			return 0
		}
		var r run
		r, err = c.run(ctx)
		return r.took
	}
	record := func(s step, c command, floor time.Duration) {
		m.times[s] = append(m.times[s], timed(c))
		m.floors[s] = append(m.floors[s], floor)
	}
	floor := func(measure func(context.Context) (time.Duration, error)) (took time.Duration) {
		if err == nil {
			took, err = measure(ctx)
		}
		return took
	}

	record(evaluate, f.instantiate(unseen), floor(m.place.startUp))
	evaluated := m.times[evaluate][len(m.times[evaluate])-1]
	trivial := floor(m.place.trivialBuild)
	record(firstBuild, f.buildOf(v), evaluated+trivial)
	changed := v
	changed.changed = 1
	record(changedBuild, f.buildOf(changed), evaluated+trivial)
	if err != nil {
		return err
	}

	var own scriptTimes
	if !m.old {
		if own, err = m.scripts(ctx, v); err != nil {
			return fmt.Errorf("the scripts alone: %w", err)
		}
	}
	record(firstDeploy, f.switchOf(v), timed(f.instantiate(v))+own.start)
	for range noOps {
		record(noOpSwitch, f.switchOf(v), timed(f.instantiate(v)))
	}
	changed.changed = 2
	record(changedSwitch, f.switchOf(changed), evaluated+trivial+own.restartOne)
	if !m.old {
		var profiles [2]string
		for i := range profiles {
			changed.changed = 2 + i
			built, buildErr := f.buildOf(changed).run(ctx)
			if err = errors.Join(err, buildErr); err != nil {
				return err
			}
			profiles[i] = built.stdout
		}
		for range noOps {
			record(noOpBuilt, f.deploy(profiles[0]), 0)
		}
		record(changedBuilt, f.deploy(profiles[1]), own.restartOne+settle)
	}
	record(undeploy, f.undeploy(), timed(f.instantiate(variant{}))+own.stop)
	return err
}

// scriptTimes is what starting and stopping takes without any framework.
type scriptTimes struct{ start, stop, restartOne time.Duration }

// scripts runs the init scripts of a model that was built before.
func (m *measurement) scripts(ctx context.Context, v variant) (scriptTimes, error) {
	var times scriptTimes
	built, err := m.framework.buildOf(v).run(ctx)
	if err != nil {
		return times, err
	}
	all, err := scriptsOf(built.stdout)
	if err != nil {
		return times, err
	}
	if times.start, err = all.each(ctx, "start", m.jobs); err != nil {
		return times, err
	}
	one := all.named(fmt.Sprintf("idle%d", v.count/2))
	for _, activity := range []string{"stop", "start"} {
		took, err := one.each(ctx, activity, 1)
		if err != nil {
			return times, err
		}
		times.restartOne += took
	}
	times.stop, err = all.each(ctx, "stop", m.jobs)
	return times, err
}

func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
