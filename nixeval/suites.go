package nixeval

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// NoSuchProgram is what the packages of this host say where they lack one.
const NoSuchProgram = "hostpkgs: this host has no "

// Suites says which variants of which suites are wanted.
type Suites struct {
	Files     []string // absolute paths
	Framework string   // directory with the framework's Nix files in nixproc/ and examples/
	Managers  []string
	Profiles  []string
	// Available are those of the Managers for which something can be evaluated.
	Available []string
	// Only is one variant, "SUITE PROFILE MANAGER"; "" stands for all. What is wrong
	// with that one is an error; in all, it is marked.
	Only string
}

// EvaluateSuites evaluates the suites in files, once, without
// building anything. The data are those of the evaluation's derivation.
func (n Nix) EvaluateSuites(ctx context.Context, r Request, s Suites) (*Evaluation, json.RawMessage, error) {
	args := []string{
		filepath.Join(s.Framework, "nixproc/test-driver/suites.nix"), "--argstr", "framework", s.Framework,
		"--arg", "nixprocBinary", `builtins.storePath "` + n.Builder + `"`,
	}
	for name, list := range map[string][]string{"files": s.Files, "managers": s.Managers, "profiles": s.Profiles} {
		text, err := json.Marshal(list)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, "--argstr", name, string(text))
	}
	if r.Root != "" {
		args = append(args, "--add-root", r.Root, "--indirect")
	}
	r.suite = []string{"NIXPROC_SUITE=" + cmp.Or(s.Only, "all"), "NIXPROC_SUITE_MANAGERS= " + strings.Join(s.Available, " ") + " "}
	result, _, err := n.instantiate(ctx, r, args)
	if err != nil {
		return nil, nil, err
	}
	e, err := printed(result.Stdout)
	if err != nil {
		return nil, nil, err
	}
	drv, err := e.derivation()
	if err != nil {
		return nil, nil, err
	}
	var attributes struct {
		Suites json.RawMessage `json:"suites"`
	}
	if err := json.Unmarshal([]byte(drv.Env["__json"]), &attributes); err != nil {
		return nil, nil, fmt.Errorf("%s: its structured attributes can't be read: %w", e.Drv, err)
	}
	return e, attributes.Suites, nil
}
