package nixeval

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Image is what is asked of an image besides its processes model.
type Image struct {
	Framework   string // directory of the framework's Nix files
	Name, Tag   string
	Interactive bool // with a shell and the usual programs
}

// ImageEvaluation is the evaluated archive of an image.
type ImageEvaluation struct {
	*Evaluation             // whose Profile is the archive
	Processes   *Evaluation // the profile that the image has in it
	Plan        []byte      // what the image is to be, as JSON
}

// EvaluateImage evaluates an image of a model, once, without building anything.
func (n Nix) EvaluateImage(ctx context.Context, r Request, i Image) (*ImageEvaluation, error) {
	// Whoever makes an image, it is the same.
	r.CallingUser, r.CallingGroup = "", ""
	args := []string{
		filepath.Join(i.Framework, "image.nix"), "--argstr", "name", i.Name, "--argstr", "tag", i.Tag,
		"--arg", "interactive", strconv.FormatBool(i.Interactive),
	}
	if r.Root != "" {
		args = append(args, "--add-root", r.Root, "--indirect")
	}
	result, _, err := n.instantiate(ctx, r, args)
	if err != nil {
		return nil, err
	}
	archive, err := printed(result.Stdout)
	if err != nil {
		return nil, err
	}
	e := &ImageEvaluation{Evaluation: archive}
	return e, e.find()
}

// find looks for the plan, and for the profile, among what the archive is made of.
func (e *ImageEvaluation) find() error {
	plan, err := inputOf(e.Evaluation, func(path, _ string) bool { return strings.HasSuffix(path, ".json.drv") })
	if err != nil {
		return err
	}
	var attributes struct{ Plan json.RawMessage }
	drv, err := plan.derivation()
	if err != nil {
		return err
	}
	var has struct{ Profiles []string }
	if err := json.Unmarshal([]byte(drv.Env["__json"]), &attributes); err != nil {
		return fmt.Errorf("%s: its structured attributes can't be read: %w", plan.Drv, err)
	}
	if err := json.Unmarshal(attributes.Plan, &has); err != nil {
		return fmt.Errorf("%s: the plan of the image can't be read: %w", plan.Drv, err)
	}
	e.Plan = attributes.Plan
	e.Processes, err = inputOf(plan, func(_, output string) bool { return slices.Contains(has.Profiles, output) })
	return err
}

// inputOf is the first derivation of those that an evaluated one needs which is
// wanted, by its path and that of its output.
func inputOf(e *Evaluation, wanted func(path, output string) bool) (*Evaluation, error) {
	drv, err := e.derivation()
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(drv.InputDerivations)) {
		if output, err := outputOf(path); err == nil && wanted(path, output) {
			return &Evaluation{Drv: path, Profile: output}, nil
		}
	}
	return nil, fmt.Errorf("%s does not need what an image is made of: the Nix files of the framework are of another version", e.Drv)
}
