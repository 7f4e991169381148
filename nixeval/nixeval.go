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

	"nixproc/lib/model"
	"nixproc/lib/run"
	"nixproc/nixproc"
)

// Nix runs the Nix commands of this machine.
type Nix struct {
	Runner  run.Runner
	Builder string    // store path of the nixproc executable
	Notes   io.Writer // warnings and traces of evaluations, progress of builds
}

// timeout of evaluations and builds: what they take is for their author to
// judge, and a person can interrupt them.
const timeout = 7 * 24 * time.Hour

// Request is a processes model with its arguments. Strings that are "" and a
// false ForceDisableUserChange were not asked for.
type Request struct {
	ExprFile               string // absolute path; "" for an empty profile
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
}

// Evaluation is an evaluated model.
type Evaluation struct {
	Drv     string                 // path of the profile's derivation
	Profile string                 // where its output is, or will be
	drv     *derivation.Derivation // read when it is needed first
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
	args := []string{"nix-instantiate", "--log-format", "internal-json", "--show-trace"}
	framework := os.Getenv("NIXPROC")
	own := filepath.Join(framework, "deployment.nix")
	switch {
	case framework == "":
		args = append(args, "-E", nixproc.Deployment)
	case exists(own):
		args = append(args, own)
	default:
		fmt.Fprintf(n.Notes, "NIXPROC: there is no %s: the Nix files of this command are used\n", own)
		args = append(args, "-E", nixproc.Deployment)
	}
	for _, pair := range [][2]string{
		{"exprFile", r.ExprFile}, {"processManager", r.Manager},
		{"stateDir", r.StateDir}, {"runtimeDir", r.RuntimeDir}, {"logDir", r.LogDir}, {"cacheDir", r.CacheDir},
		{"spoolDir", r.SpoolDir}, {"lockDir", r.LockDir}, {"libDir", r.LibDir}, {"tmpDir", r.TmpDir},
		{"callingUser", r.CallingUser}, {"callingGroup", r.CallingGroup},
	} {
		if pair[1] != "" {
			args = append(args, "--argstr", pair[0], pair[1])
		}
	}
	args = append(args, "--arg", "nixprocBinary", `builtins.storePath "`+n.Builder+`"`)
	if r.ForceDisableUserChange {
		args = append(args, "--arg", "forceDisableUserChange", "true")
	}
	if r.ExtraParams != "" {
		args = append(args, "--arg", "extraParams", r.ExtraParams)
	}
	if r.HostPackages != "" {
		args = append(args, "-I", "nixpkgs="+r.HostPackages)
	}
	if r.Root != "" {
		args = append(args, "--add-root", r.Root, "--indirect")
	}
	// Relative paths in extra parameters are relative to where the user is.
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "NIXPROC_BUILDER="+n.Builder)
	result, err := n.Runner.Run(ctx, run.Command{Args: args, Dir: dir, Env: env, Timeout: timeout})
	messages := parseMessages(result.Stderr)
	if err != nil {
		return nil, n.evaluationError(r, messages, err)
	}
	n.note(messages)

	printed := strings.TrimSpace(result.Stdout)
	drv, err := filepath.EvalSymlinks(printed)
	if err != nil {
		return nil, fmt.Errorf("nix-instantiate printed %q, where the path of a derivation is due: %w", printed, err)
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
func (n Nix) note(messages []message) {
	for _, m := range messages {
		if text := m.text(); m.Action == "msg" && m.Level <= levelWarn && text != "" && !noise.MatchString(text) {
			fmt.Fprintln(n.Notes, text)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
