package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nixproc/nixeval"
)

// build builds a profile and prints its path, alone, for others to capture.
func build(s *session, o *options, operands []string) error {
	o.processManager = o.chosenManager()
	if err := knownManager(o.processManager, managers); err != nil {
		return err
	}
	var model nixeval.Source
	if o.undeploy && len(operands) > 0 {
		return usageError{"--undeploy takes no PATH: " + operands[0]}
	}
	if !o.undeploy {
		given, prebuilt, err := modelOf(operands)
		if err != nil {
			return err
		}
		if prebuilt {
			return &nixeval.ModelError{Text: given.String() + " is a profile already: there is nothing to build"}
		}
		model = given
	}
	root, err := o.outLink()
	if err != nil {
		return err
	}
	e, err := s.evaluate(o.processManager, model, o)
	if err != nil {
		return err
	}
	defer e.close()
	for _, warning := range e.warnings {
		note("warning: %s", warning)
	}
	if err := e.build(s.soft, root); err != nil {
		return err
	}
	fmt.Println(e.Profile)
	return nil
}

// outLink is the link that is to lead to what is built, "" for none.
func (o *options) outLink() (string, error) {
	if o.noOutLink {
		return "", nil
	}
	link, err := filepath.Abs("result")
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(link); err == nil && info.Mode()&os.ModeSymlink == 0 {
		return "", fmt.Errorf("%s is in the way: it is no link; move it, or use --no-out-link", link)
	}
	if err := linkIn(filepath.Dir(link)); err != nil {
		return "", fmt.Errorf("%s can't be made: %w; go to another directory, or use --no-out-link", link, err)
	}
	return link, nil
}

// linkIn says why a directory can't have another link. That root may write to it
// says too little.
func linkIn(dir string) error {
	trial := filepath.Join(dir, fmt.Sprintf(".nixproc-%d", os.Getpid()))
	err := os.Symlink("result", trial)
	if err == nil {
		err = os.Remove(trial)
	}
	if failed, is := errors.AsType[*os.LinkError](err); is {
		return failed.Err
	}
	return err
}
