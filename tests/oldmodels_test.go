package tests

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allManagers are the process managers that there are.
var allManagers = []string{"bsdrc", "cygrunsrv", "disnix", "docker", "launchd", "s6-rc", "supervisord", "systemd", "sysvinit"}

// oldModel is a processes model of the old framework or of its services.
type oldModel struct {
	file      string          // below the directory that holds both checkouts
	arguments map[string]bool // its arguments; whether they have defaults
}

// Every processes model of the old framework and its services evaluates, for
// every process manager for which the original does, with our tree in the place
// of theirs, and with theirs left where it is under our command. What is built
// is the same file for file, but for the kinds of differences that
// COMPATIBILITY.md lists. It takes longer than the ten minutes that go test gives
// it by itself on a slow machine: use -timeout.
func TestOldModels(t *testing.T) {
	t.Parallel()
	trees := newOldTrees(t)
	models := trees.models(t)
	t.Logf("%d processes models", len(models))
	if len(models) < 20 {
		t.Fatalf("these are too few: %v", models)
	}
	used, ran := map[string]bool{}, 0
	for _, manager := range allManagers {
		t.Run(manager, func(t *testing.T) {
			ran++
			trees.compare(t, manager, models, used)
		})
	}
	for _, kind := range differences {
		if !strings.Contains(trees.compatibility, kind.line) {
			t.Errorf("COMPATIBILITY.md does not say %q, of which %q is a case", kind.line, kind.name)
		}
		if !used[kind.name] && ran == len(allManagers) {
			t.Errorf("nothing differs by %q any more: remove it from the test, and COMPATIBILITY.md's line %q if nothing else needs it", kind.name, kind.line)
		}
	}
}

// compare evaluates all models for a manager in the three ways, builds the
// profiles and compares them.
func (o *oldTrees) compare(t *testing.T, manager string, models []oldModel, used map[string]bool) {
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
			if err := ours[job.name].err; err != nil {
				t.Errorf("%s evaluates with the original, not with ours %s:\n%v", job.name, way, err)
			}
		}
	}
	o.realise(original, instead, under)
	for _, job := range works {
		theirs := original[job.name]
		if theirs.err != nil {
			t.Errorf("%s: the original can't be built:\n%v", job.name, theirs.err)
			continue
		}
		o.compareProfiles(t, manager, job, "in its place", instead[job.name], func(ours string) ([]string, error) {
			return unlike(manager, theirs.Out, ours, used)
		})
		o.compareProfiles(t, manager, job, "under our command", under[job.name], func(ours string) ([]string, error) {
			return merged(manager, theirs.Out, ours, used)
		})
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

// compareProfiles says what a comparison with a profile of ours finds.
func (o *oldTrees) compareProfiles(t *testing.T, manager string, j oldJob, way string, ours evaluation, find func(string) ([]string, error)) {
	t.Helper()
	if ours.err != nil {
		if refused := o.refused(manager, j, ours.err); refused {
			return
		}
		t.Errorf("%s can't be built with ours %s:\n%v", j.name, way, ours.err)
		return
	}
	found, err := find(ours.Out)
	if err != nil {
		t.Error(err)
	}
	if len(found) > 0 {
		t.Errorf("%s differs with ours %s:\n%s", j.name, way, withoutHashes(strings.Join(found, "\n")))
	}
}

// refusal is what ours refuses to build and the original builds all the same, and
// the line of COMPATIBILITY.md that says so.
type refusal struct {
	model   string // part of its name
	message string
	line    string
}

var refusals = []refusal{
	{"webapps-sysvinit/", "is written for sysvinit, but this deployment is for", "a process that is written for another process manager than that of the command is an error"},
	{"agetty/", "repository can only contain the characters", "or a name that docker does not take"},
}

func (o *oldTrees) refused(manager string, j oldJob, err error) bool {
	return slices.ContainsFunc(refusals, func(r refusal) bool {
		return strings.Contains(j.model.file, r.model) && strings.Contains(err.Error(), r.message) && strings.Contains(o.compatibility, r.line)
	})
}
