package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// benched is a process manager: all are built for; those that run here are
// deployed to as well, beside what a person would do by hand.
type benched struct {
	name string
	// start begins a manager of the benchmark's own; nil where none can run.
	start func(ctx context.Context, p *place, jobs int) (hands, error)
	needs string // the program that it needs, or, without start, why there is none
	// apart says that something of each process is a derivation of its own.
	apart bool
}

// managers, in the order of the report. Another one is another entry.
var managers = []benched{
	{name: "bsdrc", needs: notOnLinux},
	{name: "cygrunsrv", needs: notOnLinux},
	{name: "disnix", needs: "it deploys to other machines", apart: true},
	{name: "docker", start: startDocker, needs: "dockerd", apart: true},
	{name: "launchd", needs: notOnLinux},
	{name: "s6-rc", start: startS6rc, needs: "s6-rc-compile"},
	{name: "supervisord", start: startSupervisord, needs: "supervisord"},
	{name: "systemd", start: startSystemd, needs: "systemctl"},
	{name: "sysvinit", start: startSysvinit, needs: "xargs"},
}

const notOnLinux = "it does not run on Linux"

func managerNames() []string {
	var names []string
	for _, m := range managers {
		names = append(names, m.name)
	}
	return names
}

// side is what was measured of one manager.
type side struct {
	manager         string
	builds, deploys results
	unbuilt         string // why nothing was built
	absent          string // why nothing was deployed
}

func (p *place) sideBySide(ctx context.Context, s settings) ([]side, error) {
	var all []side
	for _, b := range managers {
		if !slices.Contains(s.managers, b.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s: building %d processes, deploying %d\n", b.name, s.builds, s.deployments)
		one := side{manager: b.name, builds: newResults(false, s.builds), deploys: newResults(false, s.deployments)}
		if err := p.buildsOf(ctx, b, s, &one); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			one.unbuilt, one.absent = lastLine(err), "it was not built"
		} else if err := p.deploysOf(ctx, b, s, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// round counts up over all managers: no model is built twice.
func (p *place) newVariant(count int) variant {
	p.round++
	return variant{count: count, round: 1000 + p.round}
}

func (p *place) buildsOf(ctx context.Context, b benched, s settings, one *side) error {
	f := ours(p, b.name, s.jobs)
	if _, err := f.buildOf(p.newVariant(1)).run(ctx); err != nil { // what all models share
		return err
	}
	for range s.runs {
		evaluation, err := f.instantiate(p.newVariant(s.builds)).run(ctx)
		if err != nil {
			return err
		}
		startUp, err := p.startUp(ctx)
		if err != nil {
			return err
		}
		built, err := f.buildOf(p.newVariant(s.builds)).run(ctx)
		if err != nil {
			return err
		}
		floor, err := p.add(ctx, built.stdout)
		if err == nil && b.apart {
			var many time.Duration
			many, err = p.trivialBuilds(ctx, s.builds)
			floor += many
		}
		if err != nil {
			return err
		}
		one.builds.record(evaluate, evaluation.took, startUp)
		one.builds.record(firstBuild, built.took, evaluation.took+floor)
	}
	return nil
}

// add is the time that Nix takes to put a tree into the store that has the same
// files as one that is there.
func (p *place) add(ctx context.Context, tree string) (time.Duration, error) {
	copied := p.path("scratch", fmt.Sprintf("tree%d", p.round))
	defer os.RemoveAll(copied)
	if _, err := p.command("cp", "-RT", "--no-preserve=mode", tree, copied).run(ctx); err != nil {
		return 0, err
	}
	r, err := p.command("nix-store", "--add", copied).run(ctx)
	return r.took, err
}

func (p *place) deploysOf(ctx context.Context, b benched, s settings, one *side) (err error) {
	if b.start == nil {
		one.absent = b.needs
		return nil
	}
	if _, err := exec.LookPath(b.needs); err != nil {
		one.absent = b.needs + " is not here"
		return nil
	}
	byHand, err := b.start(ctx, p, s.jobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, byHand.end()) }()
	options, env := byHand.options()
	f := ours(p, b.name, s.jobs, options...)
	f.env = append(slices.Clone(f.env), env...)
	for range s.runs {
		if err := p.deployOnce(ctx, f, byHand, one); err != nil {
			return err
		}
	}
	return nil
}

// deployOnce goes through all steps, by hand and then by a switch.
func (p *place) deployOnce(ctx context.Context, f framework, byHand hands, one *side) error {
	v := p.newVariant(one.deploys.count)
	changed := v
	changed.changed = 1
	var err error
	timed := func(act func() error) time.Duration {
		begin := time.Now()
		if err == nil {
			err = act()
		}
		return time.Since(begin)
	}
	var last run
	running := func(c command) func() error {
		return func() (err error) {
			last, err = c.run(ctx)
			return err
		}
	}
	timed(running(f.buildOf(changed)))
	other := last.stdout
	timed(running(f.buildOf(v)))
	profile := last.stdout

	floors := map[step]time.Duration{
		firstDeploy:   timed(func() error { return byHand.deploy(ctx, profile) }),
		noOpSwitch:    timed(func() error { return byHand.look(ctx) }),
		changedSwitch: timed(func() error { return byHand.change(ctx, other, fmt.Sprintf("idle%d", v.count/2)) }),
		undeploy:      timed(func() error { return byHand.undeploy(ctx) }),
	}
	evaluation := timed(running(f.instantiate(v)))
	record := func(s step, c command, evaluation time.Duration) {
		one.deploys.record(s, timed(running(c)), evaluation+floors[s])
	}
	record(firstDeploy, f.switchOf(v), evaluation)
	for range noOps {
		record(noOpSwitch, f.switchOf(v), evaluation)
	}
	record(changedSwitch, f.switchOf(changed), evaluation)
	record(undeploy, f.undeploy(), timed(running(f.instantiate(variant{}))))
	return err
}

func (r results) record(s step, took, floor time.Duration) {
	r.times[s] = append(r.times[s], took)
	r.floors[s] = append(r.floors[s], floor)
}
