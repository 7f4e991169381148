package nixeval

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/run"
)

// Some flakes are evaluated as a copy in a temporary directory: nothing is
// written where the user has them.

// tracked copies what Git tracks of a checkout whose path has no place in a URL.
func (r *Request) tracked(ctx context.Context, runner run.Runner) error {
	if r.Flake == nil || r.Flake.URL != "" || r.Flake.Tree != "" {
		return nil
	}
	return r.copied(ctx, runner)
}

// copied goes over to a copy of a flake on this machine.
func (r *Request) copied(ctx context.Context, runner run.Runner) error {
	copied := *r.Flake
	copied.Tree = filepath.Join(r.Temporary, "flake")
	r.Flake = &copied
	if !copied.Git {
		return copyFiles(copied.Tree, copied.Root, nil)
	}
	result, err := runner.Run(ctx, run.Command{Args: []string{"git", "-C", copied.Root, "ls-files", "-z"}})
	if err != nil {
		return fmt.Errorf("%s: the files that Git tracks can't be listed: %w", copied.Text, err)
	}
	return copyFiles(copied.Tree, copied.Root, strings.Split(strings.TrimSuffix(result.Stdout, "\x00"), "\x00"))
}

// copyFiles copies the named files of a directory, or all.
func copyFiles(to, from string, names []string) error {
	if names == nil {
		return os.CopyFS(to, os.DirFS(from))
	}
	for _, name := range names {
		source, target := filepath.Join(from, name), filepath.Join(to, name)
		info, err := os.Lstat(source)
		if os.IsNotExist(err) || err == nil && info.IsDir() {
			continue // deleted, and a submodule
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(target), 0o755)
		}
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			var link string
			if link, err = os.Readlink(source); err == nil {
				err = os.Symlink(link, target)
			}
		} else if err == nil {
			var data []byte
			if data, err = os.ReadFile(source); err == nil {
				err = os.WriteFile(target, data, info.Mode().Perm())
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lacksLock says that Nix would have to write a lock file first.
func lacksLock(m message) bool {
	return m.isError() && strings.Contains(m.text(), "requires lock file changes")
}

// locked goes over to a copy of a flake that has a complete lock file.
func (n Nix) locked(ctx context.Context, r *Request) error {
	if r.Flake.Root != "" && r.Flake.Tree != filepath.Join(r.Temporary, "flake") {
		if err := r.copied(ctx, n.Runner); err != nil {
			return err
		}
	}
	url := r.Flake.URL
	if r.Flake.Tree != "" {
		url = "path:" + r.Flake.Tree
		if r.Flake.Dir != "" {
			url += "?dir=" + r.Flake.Dir
		}
	}
	args := append([]string{"nix", "flake", "metadata", "--json", "--no-write-lock-file", "--impure",
		"--extra-experimental-features", "nix-command flakes", url}, r.registry()...)
	result, err := n.Runner.Run(ctx, run.Command{Args: args, Timeout: timeout})
	if err != nil {
		return n.evaluationError(*r, parseMessages(result.Stderr), err)
	}
	var metadata struct {
		Path  string
		Locks json.RawMessage
	}
	if err := json.Unmarshal([]byte(result.Stdout), &metadata); err != nil {
		return fmt.Errorf("nix flake metadata %s: %w", url, err)
	}
	if r.Flake.Tree == "" {
		copied := *r.Flake
		copied.Tree = filepath.Join(r.Temporary, "flake")
		r.Flake = &copied
		if err := copyFiles(copied.Tree, metadata.Path, nil); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(r.Flake.Tree, r.Flake.Dir, "flake.lock"), metadata.Locks, 0o644)
}

// registry has the name nixpkgs stand for this host's packages, where the user
// asks for them.
func (r Request) registry() []string {
	if r.Flake == nil || r.HostPackages == "" {
		return nil
	}
	return []string{"--option", "flake-registry", filepath.Join(r.Temporary, "registry.json")}
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
