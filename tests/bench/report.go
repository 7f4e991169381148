package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// The aims. Times beyond the floor are absolute where what costs it does not
// grow with the model, and factors where it does.
const (
	buildAboveFloor    = 500 * time.Millisecond
	noOpFactor         = 1.3
	changeAboveNoOp    = 300 * time.Millisecond
	settle             = 500 * time.Millisecond // what a switch waits to see whether what it started stays up
	scriptsFactor      = 1.1
	peakMemory         = 100e6 // bytes
	evaluateAboveFloor = 300 * time.Millisecond
	linearFactor       = 1.2
	besideNix          = 50 * time.Millisecond
)

func (r results) time(s step) time.Duration  { return median(r.times[s]) }
func (r results) floor(s step) time.Duration { return median(r.floors[s]) }

func printReport(w io.Writer, s settings, all []results) error {
	var ours []results
	theirs := map[int]results{}
	for _, r := range all {
		if r.old {
			theirs[r.count] = r
		} else {
			ours = append(ours, r)
		}
	}
	fmt.Fprintf(w, "Times in seconds, medians of %d runs, %d scripts side by side.\n", s.runs, s.jobs)
	if s.old == "" {
		fmt.Fprintln(w, "The old framework was not measured: give a checkout of it with -old, its commands on PATH.")
	} else {
		fmt.Fprintln(w, "old: the framework that this one replaces, one run.")
	}
	fmt.Fprintln(w)
	if err := printTable(w, ours, theirs); err != nil {
		return err
	}
	fmt.Fprint(w, floorsExplained)
	for _, v := range verdicts(ours) {
		fmt.Fprintln(w, v)
	}
	return nil
}

const floorsExplained = `
Floors: of an evaluation, Nix's own start-up (nix-instantiate --eval -E 1); of a
build, nix-instantiate of the same model and nix-store --realise of one trivial
derivation; of a no-op switch, nix-instantiate; of a deployment, nix-instantiate
and the same scripts run by xargs, level by level; of a switch to what was built
before, none, or the two scripts of the one that changed and half a second to see
whether it stays up.

`

func printTable(w io.Writer, ours []results, theirs map[int]results) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	header := "processes\tstep\tnixproc\tfloor\tratio\t"
	if len(theirs) > 0 {
		header += "old\told/nixproc\t"
	}
	fmt.Fprintln(table, header)
	for _, r := range ours {
		for _, s := range steps {
			relative := "-"
			if r.floor(s) > 0 {
				relative = fmt.Sprintf("%.2f", ratio(r.time(s), r.floor(s)))
			}
			fmt.Fprintf(table, "%d\t%s\t%.3f\t%.3f\t%s\t", r.count, s, r.time(s).Seconds(), r.floor(s).Seconds(), relative)
			if old, ok := theirs[r.count]; ok {
				fmt.Fprintf(table, "%.3f\t%.1f\t", old.time(s).Seconds(), ratio(old.time(s), r.time(s)))
			}
			fmt.Fprintln(table)
		}
	}
	return table.Flush()
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// verdict says whether an aim was met.
type verdict struct {
	count         int
	aim, measured string
	met           bool
}

func (v verdict) String() string {
	word := "NOT met"
	if v.met {
		word = "met"
	}
	return fmt.Sprintf("%-7s  %4d processes: %s: %s", word, v.count, v.aim, v.measured)
}

func verdicts(ours []results) []verdict {
	var found []verdict
	for _, r := range ours {
		found = append(found, verdictsOf(r)...)
	}
	return append(found, linear(ours)...)
}

func verdictsOf(r results) []verdict {
	var found []verdict
	most := func(what string, measured, most time.Duration, aim string) {
		found = append(found, verdict{r.count,
			fmt.Sprintf("%s: at most %s = %.3f s", what, aim, most.Seconds()),
			fmt.Sprintf("%.3f s", measured.Seconds()), measured <= most})
	}
	noOp := r.time(noOpSwitch)
	times := func(factor float64, d time.Duration) time.Duration { return time.Duration(factor * float64(d)) }

	most("evaluate", r.time(evaluate), r.floor(evaluate)+evaluateAboveFloor, "Nix's start-up + 0.3 s")
	most("first build", r.time(firstBuild), r.floor(firstBuild)+buildAboveFloor, "floor + 0.5 s")
	most("no-op switch", noOp, times(noOpFactor, r.floor(noOpSwitch)), "1.3 x nix-instantiate")
	most("build, one changed", r.time(changedBuild), noOp+changeAboveNoOp, "no-op switch + 0.3 s")
	most("switch, one changed, without 0.5 s to settle", r.time(changedSwitch)-settle, noOp+changeAboveNoOp, "no-op switch + 0.3 s")
	most("no-op, built", r.time(noOpBuilt), r.floor(noOpBuilt)+besideNix, "0.05 s")
	most("one changed, built", r.time(changedBuilt), r.floor(changedBuilt)+besideNix, "its scripts + 0.5 s to settle + 0.05 s")
	most("first deploy, without 0.5 s to settle", r.time(firstDeploy)-settle, times(scriptsFactor, r.floor(firstDeploy)), "1.1 x floor")
	most("undeploy", r.time(undeploy), times(scriptsFactor, r.floor(undeploy)), "1.1 x floor")
	for _, s := range []step{firstDeploy, noOpSwitch} {
		found = append(found, verdict{r.count, "nixproc's own memory, " + string(s) + ": below 100 MB",
			fmt.Sprintf("%.0f MB", float64(r.peaks[s])/1e6), r.peaks[s] > 0 && r.peaks[s] < peakMemory})
	}
	return found
}

// linear compares the time per process at the largest size with that at the
// first size of a tenth of it or less, from where on start-up counts little.
func linear(ours []results) []verdict {
	if len(ours) < 2 {
		return nil
	}
	large := ours[len(ours)-1]
	small := ours[0]
	for _, r := range ours {
		if r.count*10 <= large.count {
			small = r
		}
	}
	var found []verdict
	for _, s := range steps {
		factor := ratio(large.time(s), small.time(s)) * float64(small.count) / float64(large.count)
		found = append(found, verdict{large.count,
			fmt.Sprintf("%s: time per process at most %.1f x that with %d processes", s, linearFactor, small.count),
			fmt.Sprintf("%.2f x", factor), factor <= linearFactor})
	}
	return found
}

// printSideBySide prints what was measured of all managers.
func printSideBySide(w io.Writer, s settings, all []side) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintf(w, `
All process managers, medians of %d runs. Floor of a build: nix-instantiate, and
nix-store --add of the same tree; where a part of each process is a derivation of
its own (disnix, docker), also nix-store --realise of as many trivial ones. Floor
of a switch: nix-instantiate, and by hand what a person would do: the scripts
under xargs; one systemctl start or stop of the same units; supervisorctl reread
and update until all programs run; docker load, create and start, or stop, rm and
rmi, under xargs; s6-rc-compile, s6-rc-update and s6-rc change. A switch also
waits half a second to see whether what it started stays up, and starts what
depends on others only when those run.

`, s.runs)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "manager\tprocesses\tstep\tnixproc\tfloor\tratio\t")
	for _, one := range all {
		for _, r := range []results{one.builds, one.deploys} {
			for _, s := range steps {
				if len(r.times[s]) > 0 {
					fmt.Fprintf(table, "%s\t%d\t%s\t%.3f\t%.3f\t%.2f\t\n", one.manager, r.count, s, r.time(s).Seconds(), r.floor(s).Seconds(), ratio(r.time(s), r.floor(s)))
				}
			}
		}
		if one.unbuilt != "" {
			fmt.Fprintf(table, "%s\t%d\tnot built: %s\t\t\t\t\n", one.manager, one.builds.count, one.unbuilt)
		}
		if one.absent != "" {
			fmt.Fprintf(table, "%s\t%d\tnot deployed: %s\t\t\t\t\n", one.manager, one.deploys.count, one.absent)
		}
	}
	return table.Flush()
}
