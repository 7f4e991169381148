package tests

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oldServices names a checkout of the collection of services for the old framework.
const oldServices = "NIXPROC_OLD_SERVICES"

// allManagers are the process managers that there are.
var allManagers = []string{"bsdrc", "cygrunsrv", "disnix", "docker", "launchd", "s6-rc", "supervisord", "systemd", "sysvinit"}

// oldModel is a processes model of the old framework or of its services.
type oldModel struct {
	file      string          // below the directory that holds both checkouts
	arguments map[string]bool // its arguments; whether they have defaults
}

// Every processes model of the old framework and its services evaluates, for
// every process manager for which the original does, with our tree in the place
// of theirs, and with theirs left where it is under our command.
func TestOldModels(t *testing.T) {
	t.Parallel()
	trees := newOldTrees(t)
	models := trees.models(t)
	t.Logf("%d processes models", len(models))
	if len(models) < 20 {
		t.Fatalf("these are too few: %v", models)
	}
	for _, manager := range allManagers {
		t.Run(manager, func(t *testing.T) { trees.compare(t, manager, models) })
	}
}

// compare evaluates all models for a manager in the three ways.
func (o *oldTrees) compare(t *testing.T, manager string, models []oldModel) {
	var jobs []oldJob
	for _, model := range models {
		jobs = append(jobs, jobsOf(t, model)...)
	}
	original := o.evaluate(jobs, func(j oldJob) string { return o.original(manager, j) })
	instead := o.evaluate(jobs, func(j oldJob) string { return o.inTheirPlace(manager, j) })
	under := o.evaluate(jobs, func(j oldJob) string { return o.underOurCommand(manager, j) })
	t.Logf("%d models in %d ways: the original evaluates %d, ours in its place %d, ours beside it %d",
		len(models), len(jobs), evaluated(original), evaluated(instead), evaluated(under))
	for _, why := range reasons(original) {
		t.Logf("the original does not evaluate: %s", why)
	}
	var works []oldJob
	for _, job := range jobs {
		if original[job.name].err != nil {
			continue
		}
		works = append(works, job)
		for way, ours := range map[string]map[string]evaluation{"in its place": instead, "under our command": under} {
			if err := ours[job.name].err; err != nil && !o.excused(manager, job, way) {
				t.Errorf("%s evaluates with the original, not with ours %s:\n%v", job.name, way, err)
			}
		}
	}
	if len(works) < len(jobs)*3/4 {
		t.Errorf("the original evaluates %d of %d only: does the set of packages lack something?", len(works), len(jobs))
	}
}

// reasons lists the jobs that failed, by the last line of the error.
func reasons(of map[string]evaluation) []string {
	why := map[string][]string{}
	for name, e := range of {
		if e.err != nil {
			lines := strings.Split(strings.TrimSpace(e.err.Error()), "\n")
			last := lines[len(lines)-1]
			for _, line := range lines {
				if strings.HasPrefix(line, "error: ") {
					last = line
				}
			}
			why[last] = append(why[last], name)
		}
	}
	var text []string
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		slices.Sort(why[reason])
		text = append(text, reason+": "+strings.Join(why[reason], ", "))
	}
	return text
}

func evaluated(of map[string]evaluation) int {
	n := 0
	for _, e := range of {
		if e.err == nil {
			n++
		}
	}
	return n
}

// oldJob is a model with values for its arguments.
type oldJob struct {
	name   string // says both
	model  oldModel
	asUser bool
	// params are further arguments of the model, as Nix attributes.
	params string
}

// usual are the arguments that the tools give to a model, or that have only one
// value in it.
var usual = strings.Fields("pkgs system stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir " +
	"forceDisableUserChange callingUser callingGroup processManager nix-processmgmt")

// others are the values that further arguments are tried with.
var others = map[string][]string{
	"webappMode":       {`"foreground"`, `"daemon"`},
	"enablePAM":        {"true"},
	"includeNixDaemon": {"true"},
}

func jobsOf(t *testing.T, model oldModel) []oldJob {
	t.Helper()
	jobs := []oldJob{
		{name: model.file, model: model},
		{name: model.file + " as a user", model: model, asUser: true},
	}
	for _, argument := range slices.Sorted(maps.Keys(model.arguments)) {
		if slices.Contains(usual, argument) {
			continue
		}
		if others[argument] == nil {
			t.Errorf("%s has an argument %s, for which this test has no values", model.file, argument)
		}
		for _, value := range others[argument] {
			params := argument + " = " + value + ";"
			jobs = append(jobs, oldJob{name: model.file + " " + params, model: model, params: params})
		}
	}
	return jobs
}

// arguments are those of build-M-env.nix and deployment.nix. The models' own
// tests say where the framework is, and some of their defaults are wrong.
func (j oldJob) arguments(tree string) string {
	text := fmt.Sprintf(`exprFile = %s; callingUser = "someone"; callingGroup = "users"; extraParams = { nix-processmgmt = %s; %s };`,
		nixPath(tree, j.model.file), nixPath(tree, frameworkDir), j.params)
	if j.asUser {
		text += ` forceDisableUserChange = true; stateDir = "/home/someone/var";`
	}
	return text
}

func nixPath(elements ...string) string {
	return "(/. + " + nixString(filepath.Join(elements...)) + ")"
}

func (o *oldTrees) original(manager string, j oldJob) string {
	return fmt.Sprintf("import %s { %s }", nixPath(o.theirs, frameworkDir, "nixproc/backends", manager, "build-"+manager+"-env.nix"), j.arguments(o.theirs))
}

func (o *oldTrees) inTheirPlace(manager string, j oldJob) string {
	return fmt.Sprintf("import %s { %s }", nixPath(o.ours, frameworkDir, "nixproc/backends", manager, "build-"+manager+"-env.nix"), j.arguments(o.ours))
}

func (o *oldTrees) underOurCommand(manager string, j oldJob) string {
	return fmt.Sprintf("import %s { processManager = %q; %s }", nixPath(o.here, "nixproc/deployment.nix"), manager, j.arguments(o.theirs))
}

// excuse is something that works with the original and not with ours, and the
// line of COMPATIBILITY.md that says so.
type excuse struct {
	manager, model string
	line           string
}

var excuses = []excuse{}

func (o *oldTrees) excused(manager string, j oldJob, way string) bool {
	return slices.ContainsFunc(excuses, func(e excuse) bool {
		return e.manager == manager && strings.HasSuffix(j.model.file, e.model) && strings.Contains(o.compatibility, e.line)
	})
}
