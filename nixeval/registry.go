package nixeval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	lock, err := readLock(r.lockFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if _, broken := errors.AsType[*ModelError](err); broken {
		return nil, nil // Git need not track it, so that Nix reads none
	}
	if err != nil {
		return nil, err
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
	root, err := r.standIn()
	if err != nil {
		return err
	}
	result, err := n.Runner.Run(ctx, run.Command{Args: []string{"nix-store", "--add", root}, Timeout: timeout})
	if err != nil {
		return nixError("nix-store --add", parseMessages(result.Stderr), err)
	}
	text, err := json.Marshal(map[string]any{"version": 2, "flakes": []any{map[string]any{
		"from": map[string]string{"type": "indirect", "id": "nixpkgs"},
		"to":   map[string]string{"type": "path", "path": strings.TrimSpace(result.Stdout)},
	}}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Temporary, "registry.json"), text, 0o644)
}

// standIn makes a flake of the directory that all files of the packages are in: as
// with Nixpkgs, what imports the flake's own path calls the set.
func (r Request) standIn() (root string, err error) {
	const name = "/hostpkgs"
	root = r.HostPackages[:strings.LastIndex(r.HostPackages, name)]
	flake, err := os.ReadFile(filepath.Join(root, name, "flake.nix"))
	if err != nil {
		return "", err
	}
	set := fmt.Sprintf("import ./%s\n", r.HostPackages[len(root)+1:])
	return root, errors.Join(os.WriteFile(filepath.Join(root, "flake.nix"), flake, 0o644),
		os.WriteFile(filepath.Join(root, "default.nix"), []byte(set), 0o644))
}
