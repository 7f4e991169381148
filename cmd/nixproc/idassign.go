package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"nixproc/lib/ids"
	"nixproc/lib/replace"
	"nixproc/lib/run"
	"nixproc/lib/tempdir"
	"nixproc/nixeval"
)

// assignAs is the process manager for which id-assign evaluates models: the one
// that the older tools were made of.
const assignAs = "disnix"

// idAssign assigns unique IDs to the processes of a model, and prints all that
// there are.
func idAssign(s *session, o *options, operands []string) error {
	if o.idResources == "" {
		return usageError{"no resources were given: name the file with --id-resources"}
	}
	if sameFile(o.outputFile, o.idResources) {
		return usageError{"--output-file and --id-resources name the same file: " + o.outputFile + " would be overwritten"}
	}
	model, prebuilt, err := modelOf(operands)
	if err != nil {
		return err
	}
	if prebuilt {
		return &nixeval.ModelError{Text: model.String() + " is a profile: IDs are assigned to the processes of a model"}
	}
	// The first time, the file that is to be written is not there yet.
	question, err := s.questionOf(o, assignAs, model, sameFile(o.ids, o.outputFile))
	if err != nil {
		return err
	}
	after, err := ids.Assign(question)
	if err != nil {
		return err
	}
	text := after.Nix()
	if o.outputXML {
		text = after.XML()
	}
	if o.outputFile == "" {
		_, err = fmt.Print(text)
		return err
	}
	return replace.File(o.outputFile, []byte(text), 0o644)
}

func sameFile(one, other string) bool {
	if one == "" || other == "" {
		return false
	}
	first, firstErr := replace.Resolve(one)
	second, secondErr := replace.Resolve(other)
	return firstErr == nil && secondErr == nil && first == second
}

// questionOf evaluates what the IDs of a model's processes are assigned from.
func (s *session) questionOf(o *options, manager string, model nixeval.Source, mayBeNew bool) (ids.Question, error) {
	files := nixeval.IDFiles{Property: o.serviceProperty, Services: manager == assignAs}
	var err error
	if files.Resources, err = existing("--id-resources", o.idResources); err != nil {
		return ids.Question{}, err
	}
	if o.ids != "" {
		files.IDs, err = existing("--ids", o.ids)
		if mayBeNew && errors.Is(err, fs.ErrNotExist) {
			note("%s does not exist yet: all IDs are new", o.ids)
			err = nil
		}
		if err != nil {
			return ids.Question{}, err
		}
	}
	dir := ""
	if o.hostPackages || model.Flake != nil {
		temporary, err := tempdir.New()
		if err != nil {
			return ids.Question{}, err
		}
		defer temporary.Remove()
		dir = temporary.Path
	}
	r, err := request(o, manager, model)
	if err != nil {
		return ids.Question{}, err
	}
	if o.hostPackages {
		if r.HostPackages, err = writeHostPackages(dir); err != nil {
			return ids.Question{}, err
		}
	}
	r.Temporary = dir
	question, err := nixeval.Nix{Runner: run.Host{}, Notes: notes{}}.Requirements(s.soft, r, files)
	if err == nil {
		noteUnknown(question)
	}
	return question, err
}

// missingFile says that a file that an option names is not there.
type missingFile struct{ *nixeval.ModelError }

func (missingFile) Is(target error) bool { return target == fs.ErrNotExist }

func (e missingFile) Unwrap() error { return e.ModelError }

// existing gives the path of a file that an option names, "" if there is none.
func existing(option, path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", missingFile{&nixeval.ModelError{Text: fmt.Sprintf("%s: %s does not exist", option, path)}}
	}
	if err != nil {
		return "", &nixeval.ModelError{Text: fmt.Sprintf("%s: %v", option, err)}
	}
	return filepath.Abs(resolved)
}

// noteUnknown warns of requirements that nothing can meet: the older tools
// passed them over, and a misspelt name went unnoticed.
func noteUnknown(q ids.Question) {
	for _, process := range slices.Sorted(maps.Keys(q.Requires)) {
		for _, resource := range q.Requires[process] {
			if _, known := q.Pools[resource]; !known {
				note("warning: process '%s' requires an ID of '%s', which is none of the resources", process, resource)
			}
		}
	}
}
