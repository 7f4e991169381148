package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"nixproc/lib/deploy"
	"nixproc/lib/ids"
	"nixproc/lib/replace"
	"nixproc/nixeval"
)

// A switch that assigns IDs evaluates the model with the new ones before they
// are in place: the file changes along with the profile (deploy.Companion), so
// a switch that fails, or that is killed, leaves it as it was.

// newIDs are assigned, but not in place yet.
type newIDs struct {
	paths           []string // of the file, by all names that the model may have for it
	text            string
	assigned, freed int
	any             bool // there are IDs at all
}

// write puts the IDs into a file that a model is evaluated with.
func (n newIDs) write(dir string) (*nixeval.NewIDs, error) {
	file, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	file = filepath.Join(file, "ids.nix")
	return &nixeval.NewIDs{Paths: n.paths, File: file}, os.WriteFile(file, []byte(n.text), 0o600)
}

// checkIDOptions refuses command lines that name one of the two files, or that
// evaluate no model.
func checkIDOptions(o *options) error {
	switch {
	case o.ids == "" && o.idResources == "":
		return o.needless("without --id-resources and --ids no IDs are assigned", []string{"service-property"})
	case o.idResources == "":
		return usageError{"--ids needs --id-resources: the file that says which IDs there are"}
	case o.ids == "":
		return usageError{"--id-resources needs --ids: the file in which the IDs are kept"}
	case sameFile(o.ids, o.idResources):
		return usageError{"--ids and --id-resources name the same file: " + o.ids + " would be overwritten"}
	}
	if asked := asked(o); len(asked) > 0 {
		return usageError{asked[0] + " assigns no IDs: leave out --id-resources and --ids"}
	}
	return nil
}

// switchWithIDs assigns unique IDs to the processes of a model, and switches to
// it.
func (s *session) switchWithIDs(target deploy.Target, o *options, model nixeval.Source) error {
	path, err := replace.Resolve(o.ids)
	if err != nil {
		return usageError{"--ids: " + err.Error()}
	}
	if o.dryRun {
		if err := errors.Join(deploy.Free(s.soft, target.Profile.LockFile(), o.wait), s.recoverEarly(target, o)); err != nil {
			return err
		}
		if err := s.assignFor(&target, o, path, model); err != nil {
			return err
		}
		e, err := s.evaluateWithIDs(&target, o, model)
		if err != nil {
			return err
		}
		defer e.close()
		return s.showEvaluated(target, o, e)
	}
	// From the reading of the file to its change, nobody else may switch.
	return s.locked(target, o, func() error {
		if err := replace.Possible(o.ids); err != nil {
			return err
		}
		if err := s.assignFor(&target, o, path, model); err != nil {
			return err
		}
		e, err := s.evaluateWithIDs(&target, o, model)
		if err != nil {
			return err
		}
		defer e.close()
		return s.activateEvaluated(target, o, e)
	})
}

// assignFor assigns IDs. If they are not what the file at the path has, they
// become the target's companion and what the model is to be evaluated with.
func (s *session) assignFor(target *deploy.Target, o *options, path string, model nixeval.Source) error {
	// What is read twice is compared by the commit: it fails if the file changed.
	before, err := os.ReadFile(path)
	exists := !errors.Is(err, fs.ErrNotExist)
	if err != nil && exists {
		return err
	}
	question, err := s.questionOf(o, target.Manager.Name(), model, true)
	if err != nil {
		return err
	}
	after, err := ids.Assign(question)
	if err != nil {
		return err
	}
	if exists && reflect.DeepEqual(question.Before, after) {
		return nil
	}
	if o.newIDs, err = o.changeOf(question.Before, after, path); err != nil {
		return err
	}
	target.Companion = &deploy.Companion{Path: path, Existed: exists, Before: before, After: []byte(o.newIDs.text)}
	return nil
}

// changeOf are the IDs that come in place of others in the file at the path.
func (o *options) changeOf(before, after ids.Assignments, path string) (*newIDs, error) {
	n := &newIDs{text: after.Nix()}
	n.assigned, n.freed = ids.Changed(before, after)
	for _, numbers := range after.IDs {
		n.any = n.any || len(numbers) > 0
	}
	var err error
	n.paths, err = namesOf(o.ids, path)
	return n, err
}

// read refuses a model that does not read the new IDs.
func (n newIDs) read(used bool, o *options, model nixeval.Source) error {
	if !n.any || used {
		return nil
	}
	return &nixeval.ModelError{Text: fmt.Sprintf("%s does not read %s, or not by that path: its processes would go without their IDs; import that file in the model, or call nixproc id-assign before the switch", model, o.ids)}
}

// namesOf lists the paths by which a model may know a file: models are found
// without links, but the file itself may be one.
func namesOf(given, resolved string) ([]string, error) {
	given, err := filepath.Abs(given)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(given))
	if err != nil {
		return nil, err
	}
	names := []string{given, resolved, filepath.Join(dir, filepath.Base(given))}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (s *session) evaluateWithIDs(target *deploy.Target, o *options, model nixeval.Source) (*evaluated, error) {
	e, err := s.evaluateAhead(target, o, model)
	if err != nil || o.newIDs == nil {
		return e, err
	}
	if err := o.newIDs.read(e.NewIDsUsed, o, model); err != nil {
		e.close()
		return nil, err
	}
	note("IDs for %s: %d new, %d free again", o.ids, o.newIDs.assigned, o.newIDs.freed)
	return e, nil
}

// recoverEarly settles what a command that was killed left half done, before the
// model reads it.
func (s *session) recoverEarly(target deploy.Target, o *options) error {
	if !target.Unsettled() {
		return nil
	}
	if o.dryRun {
		note("the last switch was interrupted while it replaced the file with the IDs: the next one settles that")
		return nil
	}
	return s.locked(target, o, func() error { return nil })
}
