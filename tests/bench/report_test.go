package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// sample is a result in which each step took the time that is given for it, or
// one second, the floor of each being one second.
func sample(count int, took map[step]time.Duration) results {
	r := newResults(false, count)
	r.peaks[firstDeploy], r.peaks[noOpSwitch] = 30e6, 20e6
	for _, s := range steps {
		r.floors[s] = []time.Duration{time.Second}
		r.times[s] = []time.Duration{time.Second}
		if t, ok := took[s]; ok {
			r.times[s] = []time.Duration{t}
		}
	}
	return r
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, v := range verdictsOf(sample(10, nil)) {
		if !v.met {
			t.Errorf("as fast as the floor, and yet: %s", v)
		}
	}
	for s, slow := range map[step]time.Duration{
		evaluate: 1301 * time.Millisecond, firstBuild: 1501 * time.Millisecond, noOpSwitch: 1301 * time.Millisecond,
		changedBuild: 1301 * time.Millisecond, changedSwitch: 1801 * time.Millisecond,
		noOpBuilt: 1051 * time.Millisecond, changedBuilt: 1051 * time.Millisecond,
		firstDeploy: 1601 * time.Millisecond, undeploy: 1101 * time.Millisecond,
	} {
		var missed []string
		for _, v := range verdictsOf(sample(10, map[step]time.Duration{s: slow})) {
			if !v.met {
				missed = append(missed, v.aim)
			}
		}
		if len(missed) != 1 || !strings.HasPrefix(missed[0], string(s)) {
			t.Errorf("with a slow %s these aims are missed: %q", s, missed)
		}
	}
	hungry := sample(10, nil)
	hungry.peaks[noOpSwitch] = 100e6
	if vs := verdictsOf(hungry); vs[len(vs)-1].met {
		t.Errorf("%s", vs[len(vs)-1])
	}
}

func TestLinear(t *testing.T) {
	t.Parallel()
	small := sample(100, nil)
	for _, v := range linear([]results{small, sample(1000, map[step]time.Duration{
		evaluate: 11 * time.Second, firstBuild: 13 * time.Second,
	})}) {
		if want := !strings.HasPrefix(v.aim, string(firstBuild)); v.met != want {
			t.Errorf("%s", v)
		}
	}
}

// Where the old framework is not measured, the table says so and has no column
// for it.
func TestReport(t *testing.T) {
	t.Parallel()
	for _, old := range []string{"", "checkout"} {
		all := []results{sample(10, nil)}
		if old != "" {
			theirs := sample(10, map[step]time.Duration{noOpSwitch: 7 * time.Second})
			theirs.old = true
			all = append(all, theirs)
		}
		var out bytes.Buffer
		if err := printReport(&out, settings{runs: 1, jobs: 4, old: old}, all); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Contains(out.String(), "was not measured"), old == ""; got != want {
			t.Errorf("old %q: %s", old, &out)
		}
		if got, want := strings.Contains(out.String(), "7.000"), old != ""; got != want {
			t.Errorf("old %q: %s", old, &out)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if got := median([]time.Duration{9, 1, 5}); got != 5 {
		t.Errorf("%d", got)
	}
}

// Each manager has its lines, and one that does not run here says why.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	deployed, absent := newResults(false, 100), newResults(false, 100)
	deployed.record(firstDeploy, 3*time.Second, 2*time.Second)
	var out bytes.Buffer
	all := []side{
		{manager: "one", builds: sample(1000, nil), deploys: deployed},
		{manager: "two", builds: newResults(false, 1000), deploys: absent, absent: "twoctl is not here"},
		{manager: "three", builds: newResults(false, 1000), deploys: newResults(false, 100), unbuilt: "two users, one name", absent: "it was not built"},
	}
	if err := printSideBySide(&out, settings{runs: 1}, all); err != nil {
		t.Fatal(err)
	}
	lines := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"one 1000 evaluate 1.000 1.000 1.00", "one 100 first deploy 3.000 2.000 1.50", "two 100 not deployed: twoctl is not here",
		"three 1000 not built: two users, one name", "three 100 not deployed: it was not built"} {
		if !strings.Contains(lines, want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(lines, "no-op") && !strings.Contains(lines, "one 1000 no-op") {
		t.Errorf("the table has what was not measured:\n%s", &out)
	}
}
