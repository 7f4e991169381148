package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/accounts"
	"nixproc/lib/image"
	"nixproc/lib/image/rootfs"
	"nixproc/lib/tempdir"
	"nixproc/nixeval"
)

// inContainers are the process managers that can live in a container.
var inContainers = []string{"disnix", "s6-rc", "supervisord", "sysvinit"}

const (
	usualImage = "processes"
	usualTag   = "latest"
)

// makeImage makes an image of all processes of a model.
func makeImage(s *session, o *options, operands []string) error {
	model, err := o.checkImage(operands)
	if err != nil {
		return err
	}
	nix, err := newNix(s.soft)
	if err != nil {
		return err
	}
	if o.processManager == "sysvinit" || o.processManager == "disnix" {
		if nix.First, err = nixeval.FirstProcess(s.soft, nix.Runner); err != nil {
			return err
		}
	}
	temporary, err := tempdir.New()
	if err != nil {
		return err
	}
	defer temporary.Remove()
	e, err := s.evaluateImage(nix, o, model, temporary.Path)
	if err != nil {
		return err
	}
	// The root goes with the temporary directory: the result is a copy.
	if err := nix.Realise(s.soft, e.Evaluation, filepath.Join(temporary.Path, "image")); err != nil {
		return explainBuild(err, e.Processes, model)
	}
	if err := checkPackages(e, model); err != nil {
		return err
	}
	return o.writeImage(e.Profile)
}

// checkImage looks at the command line, before anything is evaluated.
func (o *options) checkImage(operands []string) (model nixeval.Source, err error) {
	o.processManager = o.chosenManager()
	if slices.Contains(managers, o.processManager) && !slices.Contains(inContainers, o.processManager) {
		return model, usageError{fmt.Sprintf("%s can't live in a container: use -P with one of %s", o.processManager, strings.Join(inContainers, ", "))}
	}
	if err := knownManager(o.processManager, inContainers); err != nil {
		return model, err
	}
	o.imageName, o.imageTag = cmp.Or(o.imageName, usualImage), cmp.Or(o.imageTag, usualTag)
	if err := errors.Join(image.CheckName(o.imageName), image.CheckTag(o.imageTag)); err != nil {
		return model, usageError{err.Error()}
	}
	if err := o.checkOutput(); err != nil {
		return model, usageError{err.Error()}
	}
	model, prebuilt, err := modelOf(operands)
	if err == nil && prebuilt {
		err = &nixeval.ModelError{Text: model.String() + " is a profile: an image is made of a processes model"}
	}
	return model, err
}

func (s *session) evaluateImage(nix nixeval.Nix, o *options, model nixeval.Source, temporary string) (*nixeval.ImageEvaluation, error) {
	asked := nixeval.Image{Framework: nixeval.Framework(), Name: o.imageName, Tag: o.imageTag, Interactive: !o.plain}
	own := filepath.Join(asked.Framework, "image.nix")
	if asked.Framework != "" && !exists(own) {
		note("NIXPROC: there is no %s: the Nix files of this command are used", own)
		asked.Framework = ""
	}
	if asked.Framework == "" {
		asked.Framework = filepath.Join(temporary, "nixproc")
		if err := writeNixFiles(asked.Framework, "."); err != nil {
			return nil, err
		}
	}
	if o.hostPackages {
		links, err := writeHostPackages(temporary)
		if err != nil {
			return nil, err
		}
		// Those that work without this machine.
		o.hostPackagesDir = filepath.Join(links, "self-contained")
	}
	r, err := request(o, o.processManager, model)
	if err != nil {
		return nil, err
	}
	r.Temporary, r.Root = temporary, filepath.Join(temporary, "drv")
	e, err := nix.EvaluateImage(s.soft, r, asked)
	if err != nil {
		return nil, err
	}
	warnings, err := check(e.Processes, model)
	for _, warning := range warnings {
		note("warning: %s", warning)
	}
	if err == nil {
		err = checkAccounts(e, model)
	}
	return e, err
}

// checkAccounts tells before anything is built which accounts do not go together.
func checkAccounts(e *nixeval.ImageEvaluation, model nixeval.Source) error {
	var plan image.Plan
	if err := json.Unmarshal(e.Plan, &plan); err != nil {
		return err
	}
	contents, err := e.Processes.Model()
	if err != nil {
		return err
	}
	var needed []rootfs.Needed
	for _, process := range contents.Processes {
		if c := process.Credentials; c != nil {
			needed = append(needed, rootfs.Needed{By: "process " + process.Name, Set: accounts.FromProperties(c.Groups, c.Users)})
		}
	}
	if err := plan.CheckAccounts(needed); err != nil {
		return &nixeval.ModelError{Text: fmt.Sprintf("no image can have the accounts of %s: %v", model, err)}
	}
	return nil
}
