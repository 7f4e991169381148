package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"nixproc/lib/model"
	"nixproc/lib/order"
	"nixproc/lib/render"
	"nixproc/lib/tempdir"
	"nixproc/nixeval"
)

// evaluated is a model that is ready to be built.
type evaluated struct {
	nix   nixeval.Nix
	model nixeval.Source // none for an empty one
	*nixeval.Evaluation
	temporary *tempdir.Dir // with the root of the .drv
	warnings  []string     // what is legal in the model, and yet perhaps not meant
}

// evaluate evaluates a model and checks it.
// Nothing is built. The caller closes the result.
func (s *session) evaluate(manager string, model nixeval.Source, o *options) (*evaluated, error) {
	nix, err := newNix(s.soft)
	if err != nil {
		return nil, err
	}
	e := &evaluated{nix: nix, model: model}
	if e.temporary, err = tempdir.New(); err != nil {
		return nil, err
	}
	if err := s.evaluateInto(e, manager, model, o); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (s *session) evaluateInto(e *evaluated, manager string, model nixeval.Source, o *options) error {
	if o.hostPackages {
		var err error
		if o.hostPackagesDir, err = writeHostPackages(e.temporary.Path); err != nil {
			return err
		}
	}
	r, err := request(o, manager, model)
	if err != nil {
		return err
	}
	r.Temporary = e.temporary.Path
	if o.newIDs != nil {
		if r.NewIDs, err = o.newIDs.write(e.temporary.Path); err != nil {
			return err
		}
	}
	if !o.dryRun {
		r.Root = filepath.Join(e.temporary.Path, "drv")
	}
	e.Evaluation, err = e.nix.Evaluate(s.soft, r)
	var wrong *nixeval.ModelError
	if errors.As(err, &wrong) && strings.Contains(wrong.Text, e.nix.Builder) && strings.Contains(wrong.Text, "not valid") {
		// The remembered copy of this program was collected as garbage.
		nixeval.Forget(builderCache())
		if e.nix, err = newNix(s.soft); err != nil {
			return err
		}
		e.Evaluation, err = e.nix.Evaluate(s.soft, r)
	}
	if err != nil {
		return err
	}
	if e.Built() {
		return nil // it was checked when it was built
	}
	e.warnings, err = check(e.Evaluation, model)
	return err
}

// check tells all that is wrong with a model before anything is built.
func check(e *nixeval.Evaluation, source nixeval.Source) (warnings []string, err error) {
	contents, err := e.Model()
	if err != nil {
		return nil, err
	}
	warnings, err = checkModel(contents)
	if err != nil {
		return nil, wrongModel(source, err)
	}
	return warnings, nil
}

func checkModel(contents model.Model) (warnings []string, err error) {
	warnings, err = contents.Validate()
	_, renderErr := render.Render(contents.Sound())
	// A cycle is among what Validate found.
	if _, cycle := errors.AsType[*order.CycleError](renderErr); !cycle {
		err = errors.Join(err, renderErr)
	}
	return warnings, err
}

func wrongModel(source nixeval.Source, problems error) error {
	return &nixeval.ModelError{Text: fmt.Sprintf("the processes model %s is wrong:\n%v", source, problems)}
}

// explainBuild tells a failed build of a profile that a package of the model
// explains.
func explainBuild(failure error, e *nixeval.Evaluation, source nixeval.Source) error {
	if _, failed := errors.AsType[*nixeval.BuildError](failure); !failed {
		return failure
	}
	contents, err := e.Model()
	if err != nil {
		return failure
	}
	if wrong := render.CheckTrees(contents); wrong != nil {
		return wrongModel(source, wrong)
	}
	return failure
}

func (e *evaluated) close() { e.temporary.Remove() }
