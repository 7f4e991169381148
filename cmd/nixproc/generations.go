package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manifest"
	"nixproc/lib/profile"
	"nixproc/nixeval"
)

type operation struct {
	given bool
	name  string
}

// operations are the options that ask for something else than a switch to a
// model.
func operations(o *options) []operation {
	return []operation{
		{o.undeploy, "--undeploy"}, {o.rollback, "--rollback"}, {o.switchGeneration != "", "--switch-generation"},
		{o.listGenerations, "--list-generations"}, {o.deleteGenerations != "", "--delete-generations"},
		{o.deleteAllGenerations, "--delete-all-generations"},
	}
}

// asked lists the operations that a command line asks for.
func asked(o *options) []string {
	var names []string
	for _, operation := range operations(o) {
		if operation.given {
			names = append(names, operation.name)
		}
	}
	return names
}

// onlyOneOperation refuses command lines that ask for two things at once.
func onlyOneOperation(o *options, operands []string) error {
	asked := asked(o)
	if len(asked) > 1 {
		return usageError{strings.Join(asked, " and ") + " can't go together"}
	}
	if o.dryRun && (o.deleteGenerations != "" || o.deleteAllGenerations) {
		return usageError{asked[0] + " and --dry-run can't go together: it only makes room, and --list-generations shows what there is"}
	}
	if len(asked) == 1 && len(operands) > 0 {
		return usageError{asked[0] + " takes no PATH: " + strings.Join(operands, ", ")}
	}
	if o.switchGeneration != "" && !oneNumber.MatchString(o.switchGeneration) {
		return usageError{fmt.Sprintf("--switch-generation: %q is no number of a generation", o.switchGeneration)}
	}
	if o.deleteGenerations != "" && !someNumbers.MatchString(o.deleteGenerations) {
		return usageError{fmt.Sprintf("--delete-generations: %q is no generation: give numbers, old, Nd or +N", o.deleteGenerations)}
	}
	return nil
}

var (
	oneNumber   = regexp.MustCompile(`^[0-9]{1,9}$`)
	someNumbers = regexp.MustCompile(`^(old|\+[0-9]{1,9}|[0-9]{1,9}d|[0-9]{1,9}([, \t]+[0-9]{1,9})*)$`)
)

type generationRow struct {
	Generation int    `json:"generation"`
	Created    int64  `json:"created"` // seconds since 1970
	Current    bool   `json:"current"`
	Manager    string `json:"manager,omitempty"`
	Path       string `json:"path"`
}

func listGenerations(target deploy.Target, o *options) error {
	if !o.json {
		return target.Profile.WriteList(os.Stdout)
	}
	all, err := target.Profile.Generations()
	if err != nil {
		return err
	}
	rows := make([]generationRow, 0, len(all))
	for _, g := range all {
		owner, err := manifest.ManagerOf(g.Path)
		if err != nil {
			return err
		}
		rows = append(rows, generationRow{g.Number, g.Created.Unix(), g.Current, owner, g.Path})
	}
	return printJSON(rows)
}

func (s *session) deleteGenerations(target deploy.Target, o *options) error {
	return s.locked(target, o, func() error {
		deleted, err := target.Profile.Delete(o.deleteGenerations, time.Now())
		for _, number := range deleted {
			fmt.Printf("deleted generation %d\n", number)
		}
		return err
	})
}

func (s *session) deleteAllGenerations(target deploy.Target, o *options) error {
	return s.locked(target, o, func() error {
		if _, err := target.Profile.DeleteAll(); err != nil {
			return err
		}
		note("deleted all generations of %s; processes that run go on running", target.Profile.Path())
		return nil
	})
}

// switchGeneration goes to the generation that wanted numbers, or, if that is
// "", to the one before the current one.
func (s *session) switchGeneration(target deploy.Target, o *options, wanted string) error {
	change := func() error {
		generation, err := chooseGeneration(target, wanted)
		if err != nil {
			return err
		}
		if err := belongs(target, generation.Path); err != nil {
			return err
		}
		if err := asDeployed(o, generation.Path); err != nil {
			return err
		}
		if o.dryRun {
			return s.showPlan(target, o, generation.Path)
		}
		return s.activate(target, o, generation.Path, generation.Number)
	}
	if o.dryRun {
		return change()
	}
	return s.locked(target, o, change)
}

func chooseGeneration(target deploy.Target, wanted string) (profile.Generation, error) {
	generations, err := target.Generations()
	if err != nil {
		return profile.Generation{}, err
	}
	if wanted != "" {
		number, err := strconv.Atoi(wanted)
		if err != nil {
			return profile.Generation{}, err
		}
		for _, generation := range generations {
			if generation.Number == number {
				return generation, nil
			}
		}
		return profile.Generation{}, fmt.Errorf("%s has no generation %d of %s: --list-generations shows those there are%s",
			target.Profile.Path(), number, target.Manager.Name(), generationsOfOthers(target))
	}
	previous, err := target.FindPrevious()
	if err != nil {
		return profile.Generation{}, err
	}
	var before *profile.Generation
	for i := range generations {
		if generations[i].Number < previous.Generation {
			before = &generations[i]
		}
	}
	if before == nil {
		return profile.Generation{}, fmt.Errorf("%s can't be rolled back: there is no generation before the current one%s",
			target.Profile.Path(), generationsOfOthers(target))
	}
	return *before, nil
}

// generationsOfOthers tells which generations other process managers have.
func generationsOfOthers(target deploy.Target) string {
	all, err := target.Profile.Generations()
	if err != nil {
		return ": " + err.Error()
	}
	of := map[string][]string{}
	for _, generation := range all {
		owner, err := manifest.ManagerOf(generation.Path)
		if err == nil && owner != "" && owner != target.Manager.Name() {
			of[owner] = append(of[owner], strconv.Itoa(generation.Number))
		}
	}
	text := ""
	for _, owner := range slices.Sorted(maps.Keys(of)) {
		text += fmt.Sprintf("; -P %s has %s", owner, strings.Join(of[owner], ", "))
	}
	return text
}

// asDeployed takes the directories and the handling of users from a profile that
// is there already, where the command line does not say: a generation that is
// gone back to, or undeployed, or what was built before.
func asDeployed(o *options, storePath string) error {
	contents, err := manifest.Read(storePath)
	if err != nil || contents == nil {
		return err
	}
	p := contents.Parameters
	for _, pair := range []struct {
		option *string
		was    *string
	}{
		{&o.dirs.State, p.StateDir}, {&o.dirs.Runtime, p.RuntimeDir}, {&o.dirs.Log, p.LogDir}, {&o.dirs.Tmp, p.TmpDir},
		{&o.dirs.Cache, p.CacheDir}, {&o.dirs.Spool, p.SpoolDir}, {&o.dirs.Lock, p.LockDir}, {&o.dirs.Lib, p.LibDir},
	} {
		if *pair.option == "" && pair.was != nil {
			*pair.option = *pair.was
		}
	}
	if p.ForceDisableUserChange != nil && *p.ForceDisableUserChange {
		o.disableUserChange = true
	}
	return nil
}

// belongs refuses a profile that is for another manager.
func belongs(target deploy.Target, storePath string) error {
	owner, err := manifest.ManagerOf(storePath)
	if err != nil {
		return err
	}
	if owner != "" && owner != target.Manager.Name() {
		return &nixeval.ModelError{Text: fmt.Sprintf("%s is a profile for %s: deploy it with nixproc %s-deploy", storePath, owner, owner)}
	}
	return nil
}
