// Package nixeval runs Nix: it evaluates a processes model, reads what the
// evaluation found from the .drv, and builds the profile. It turns Nix's errors
// into ours. It knows how to ask Nix, not what the answers mean for processes.
package nixeval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nix-community/go-nix/pkg/derivation"

	"nixproc/lib/flakeref"
	"nixproc/lib/model"
	"nixproc/lib/run"
	"nixproc/nixproc"
)

// Nix runs the Nix commands of this machine.
type Nix struct {
	Runner  run.Runner
	Builder string    // store path of the nixproc executable
	First   string    // store path of the first process of containers, "" if it is not needed
	Notes   io.Writer // warnings and traces of evaluations, progress of builds
}

// timeout of evaluations and builds: what they take is for their author to
// judge, and a person can interrupt them.
const timeout = 7 * 24 * time.Hour

// Source is where a processes model comes from: a file or a flake, or neither for
// a profile without processes.
type Source struct {
	ExprFile string // absolute path
	Flake    *flakeref.Ref
}

// String is the name by which the user knows it.
func (s Source) String() string {
	if s.Flake != nil {
		return s.Flake.Text
	}
	return s.ExprFile
}

// Request is a processes model with its arguments. Strings that are "" and a
// false ForceDisableUserChange were not asked for.
type Request struct {
	Source
	Manager                string
	StateDir               string
	RuntimeDir             string
	LogDir                 string
	CacheDir               string
	SpoolDir               string
	LockDir                string
	LibDir                 string
	TmpDir                 string
	ForceDisableUserChange bool
	CallingUser            string
	CallingGroup           string
	ExtraParams            string // Nix expression of a set
	HostPackages           string // directory that stands for <nixpkgs>; "" leaves NIX_PATH as it is
	ShowTrace              bool
	Root                   string // link that keeps the .drv from garbage collection; "" for none
	NewIDs                 *NewIDs
	Temporary              string // directory for copies of a flake

	suite []string // variables of EvaluateSuites
}

// Evaluation is an evaluated model.
type Evaluation struct {
	Drv        string                 // path of the profile's, or package's, derivation
	Profile    string                 // where its output is, or will be
	NewIDsUsed bool                   // the model read the NewIDs of the request
	drv        *derivation.Derivation // read when it is needed first
}

// ModelError says that the user's expressions are wrong.
type ModelError struct{ Text string }

func (e *ModelError) Error() string { return e.Text }

// StoreDir is where store paths lie.
func StoreDir() string {
	if dir := os.Getenv("NIX_STORE_DIR"); dir != "" {
		return dir
	}
	return "/nix/store"
}

// Evaluate evaluates a model, once, without building anything.
func (n Nix) Evaluate(ctx context.Context, r Request) (*Evaluation, error) {
	if err := r.withNewIDs(ctx, n.Runner); err != nil {
		return nil, err
	}
	args := n.expression("deployment.nix", nixproc.Deployment)
	args = append(args, "--arg", "nixprocBinary", `builtins.storePath "`+n.Builder+`"`)
	if r.NewIDs != nil {
		args = append(args, r.NewIDs.arguments()...)
	}
	if r.Root != "" {
		args = append(args, "--add-root", r.Root, "--indirect")
	}
	result, messages, err := n.instantiate(ctx, r, args)
	if err != nil {
		return nil, err
	}
	var used bool
	if r.NewIDs != nil {
		if used, err = r.checkUse(messages); err != nil {
			return nil, err
		}
	}
	e, err := printed(result.Stdout)
	if err == nil {
		e.NewIDsUsed = used
	}
	return e, err
}

// printed is the evaluation of which nix-instantiate printed the derivation, or
// the root that it made for it.
func printed(stdout string) (*Evaluation, error) {
	path := strings.TrimSpace(stdout)
	drv, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("nix-instantiate printed %q, where the path of a derivation is due: %w", path, err)
	}
	output, err := outputOf(drv)
	return &Evaluation{Drv: drv, Profile: output}, err
}

// Built says whether the profile is there, so that all that could be wrong with
// its model was looked at before.
func (e *Evaluation) Built() bool { return exists(e.Profile) }

// Model takes the model from the structured attributes of the profile's
// derivation.
func (e *Evaluation) Model() (model.Model, error) {
	drv, err := e.derivation()
	if err != nil {
		return model.Model{}, err
	}
	var attributes struct {
		Model json.RawMessage `json:"model"`
	}
	if err := json.Unmarshal([]byte(drv.Env["__json"]), &attributes); err != nil {
		return model.Model{}, fmt.Errorf("%s: its structured attributes can't be read: %w", e.Drv, err)
	}
	contents, err := model.Parse(attributes.Model)
	if err != nil {
		return model.Model{}, fmt.Errorf("%s: %w", e.Drv, err)
	}
	return contents, nil
}

func (e *Evaluation) derivation() (*derivation.Derivation, error) {
	var err error
	if e.drv == nil {
		e.drv, err = readDerivation(e.Drv)
	}
	return e.drv, err
}

// outputOf reads the path of a derivation's only output, which stands in front
// of the model: reading all of a large one takes longer than a switch that has
// nothing to do may.
func outputOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	start := make([]byte, 4096)
	n, err := io.ReadFull(file, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("%s can't be read: %w", path, err)
	}
	rest, begins := strings.CutPrefix(string(start[:n]), `Derive([("out","`)
	output, _, ends := strings.Cut(rest, `"`)
	if !begins || !ends {
		return "", fmt.Errorf("%s does not begin with an output 'out'", path)
	}
	return output, nil
}

func readDerivation(path string) (*derivation.Derivation, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	drv, err := derivation.ReadDerivation(file)
	// The library takes no store but /nix/store for valid; what it read is
	// complete all the same.
	if drv == nil || err != nil && StoreDir() == "/nix/store" {
		return nil, fmt.Errorf("%s can't be read: %w", path, err)
	}
	return drv, nil
}

// evaluationError tells a model that is wrong from a Nix that does not work.
func (n Nix) evaluationError(r Request, messages []message, err error) error {
	if fetch := r.fetchError(messages); fetch != nil {
		return fetch
	}
	if lock := r.lockError(messages); lock != nil {
		return lock
	}
	if run.Code(err) >= 0 {
		for _, m := range messages {
			if m.isError() && !m.aboutNixItself() && !m.placeless() {
				return &ModelError{Text: m.explain(r)}
			}
		}
	}
	return nixError("nix-instantiate", messages, err)
}

// note passes on what an evaluation that worked has to say.
func (n Nix) note(r Request, messages []message) {
	for _, m := range messages {
		if r.Flake != nil && strings.Contains(m.text(), r.Temporary) {
			continue // that the copy is no clean checkout
		}
		if text := m.text(); m.Action == "msg" && m.Level <= levelWarn && text != "" && !noise.MatchString(text) {
			fmt.Fprintln(n.Notes, text)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
