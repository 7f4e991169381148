package nixeval

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/run"
)

// registry has the name nixpkgs stand for this host's packages, where the user
// asks for them.
func (r Request) registry() []string {
	if r.Flake == nil || r.HostPackages == "" {
		return nil
	}
	return []string{"--option", "flake-registry", filepath.Join(r.Temporary, "registry.json")}
}

// registered are the inputs of a flake on this machine that its lock file has from
// the name nixpkgs: where that stands for this host's packages, it has to be heeded
// again.
func (r Request) registered() (inputs []string, err error) {
	if r.Flake == nil || r.HostPackages == "" || r.Flake.Root == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(r.Flake.Root, r.Flake.Dir, "flake.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var lock struct {
		Root  string
		Nodes map[string]struct {
			Inputs   map[string]any // the name of a node, or a list: the input of an input
			Original struct{ Type, ID string }
		}
	}
	if err != nil || json.Unmarshal(text, &lock) != nil {
		return nil, err // Nix says better what is wrong with it
	}
	for input, node := range lock.Nodes[lock.Root].Inputs {
		name, _ := node.(string)
		if original := lock.Nodes[name].Original; original.Type == "indirect" && original.ID == "nixpkgs" {
			inputs = append(inputs, input)
		}
	}
	slices.Sort(inputs)
	return inputs, nil
}

// writeRegistry has the packages in the store, so that they are the same for
// every evaluation, wherever they are written to before.
func (n Nix) writeRegistry(ctx context.Context, r Request) error {
	if r.Flake == nil || r.HostPackages == "" {
		return nil
	}
	result, err := n.Runner.Run(ctx, run.Command{Args: []string{"nix-store", "--add", filepath.Dir(r.HostPackages)}, Timeout: timeout})
	if err != nil {
		return nixError("nix-store --add", parseMessages(result.Stderr), err)
	}
	text, err := json.Marshal(map[string]any{"version": 2, "flakes": []any{map[string]any{
		"from": map[string]string{"type": "indirect", "id": "nixpkgs"},
		"to":   map[string]string{"type": "path", "path": strings.TrimSpace(result.Stdout), "dir": filepath.Base(r.HostPackages)},
	}}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Temporary, "registry.json"), text, 0o644)
}
