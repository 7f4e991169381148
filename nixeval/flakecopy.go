package nixeval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/run"
)

// Some flakes are evaluated as a copy in a temporary directory: nothing is
// written where the user has them.

// tracked copies what Git tracks of a checkout whose path has no place in a URL,
// and a directory that is no flake itself but has one below.
func (r *Request) tracked(ctx context.Context, runner run.Runner) error {
	if r.Flake == nil || r.isCopy() || r.Flake.URL != "" || r.Flake.Tree != "" && r.Flake.Dir == "" {
		return nil
	}
	return r.copied(ctx, runner)
}

// copied goes over to a copy of a flake on this machine.
func (r *Request) copied(ctx context.Context, runner run.Runner) error {
	copied := *r.Flake
	copied.Tree = filepath.Join(r.Temporary, "flake")
	r.Flake = &copied
	// There may be one of an evaluation before.
	if err := os.RemoveAll(copied.Tree); err != nil {
		return err
	}
	if !copied.Git {
		return os.CopyFS(copied.Tree, os.DirFS(copied.Root))
	}
	result, err := runner.Run(ctx, run.Command{Args: []string{"git", "-C", copied.Root, "ls-files", "-z"}})
	if err != nil {
		return fmt.Errorf("%s: the files that Git tracks can't be listed: %w", copied.Text, err)
	}
	if r.NewIDs == nil { // else it is not what was committed
		copied.Query = revision(ctx, runner, copied.Root)
	}
	return copyFiles(copied.Tree, copied.Root, strings.Split(strings.TrimSuffix(result.Stdout, "\x00"), "\x00"))
}

// revision is the query of a reference with the commit that a checkout is at; none
// where it has changed since, as with Nix itself, or has no commit.
func revision(ctx context.Context, runner run.Runner, root string) string {
	git := func(args ...string) (string, error) {
		// Otherwise git status writes down what it has seen.
		result, err := runner.Run(ctx, run.Command{Args: append([]string{"git", "--no-optional-locks", "-C", root}, args...)})
		return strings.TrimSpace(result.Stdout), err
	}
	changes, err := git("status", "--porcelain", "--untracked-files=no")
	if err != nil || changes != "" {
		return ""
	}
	commit, err := git("rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		return ""
	}
	count, err := git("rev-list", "--count", commit)
	if err != nil || exists(filepath.Join(root, ".git", "shallow")) {
		return "?rev=" + commit
	}
	return "?rev=" + commit + "&revCount=" + count
}

// isCopy says whether the flake is in a directory of ours.
func (r Request) isCopy() bool {
	return r.Flake != nil && r.Flake.Tree != "" && r.Flake.Tree == filepath.Join(r.Temporary, "flake")
}

// urlOfCopy is what Nix takes for a copy. Nix 2.8 takes a flake below a directory
// only if that is a checkout of Git.
func (r Request) urlOfCopy(ctx context.Context, runner run.Runner) (string, error) {
	if r.Flake.Dir == "" {
		return "path:" + r.Flake.Tree, nil
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A", "-f"}} {
		command := run.Command{Args: append([]string{"git", "-C", r.Flake.Tree}, args...)}
		if _, err := runner.Run(ctx, command); err != nil {
			return "", err
		}
	}
	return "git+file://" + r.Flake.Tree + "?dir=" + strings.ReplaceAll(url.QueryEscape(r.Flake.Dir), "+", "%20"), nil
}

// copyFiles copies the named files of a directory.
func copyFiles(to, from string, names []string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		source, target := filepath.Join(from, name), filepath.Join(to, name)
		info, err := os.Lstat(source)
		if os.IsNotExist(err) || err == nil && info.IsDir() {
			continue // deleted, and a submodule
		}
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), copyFile(target, source, info.Mode()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string, mode fs.FileMode) error {
	if mode&fs.ModeSymlink != 0 {
		link, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(link, to)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, mode.Perm())
}

// lacksLock says that Nix would have to write a lock file first.
func lacksLock(m message) bool {
	return m.isError() && strings.Contains(m.text(), "requires lock file changes")
}

// locked goes over to a copy of a flake that has a complete lock file. The named
// inputs are those of the registry, whatever the flake's own lock file says.
func (n Nix) locked(ctx context.Context, r *Request, registered []string) error {
	if r.Flake.Root != "" && !r.isCopy() {
		if err := r.copied(ctx, n.Runner); err != nil {
			return err
		}
	}
	where := r.Flake.URL
	if r.Flake.Tree != "" {
		var err error
		if where, err = r.urlOfCopy(ctx, n.Runner); err != nil {
			return err
		}
	}
	args := append([]string{"nix", "flake", "metadata", "--json", "--no-write-lock-file", "--impure",
		"--extra-experimental-features", "nix-command flakes", where}, r.registry()...)
	for _, input := range registered {
		args = append(args, "--override-input", input, "flake:nixpkgs")
	}
	result, err := n.Runner.Run(ctx, run.Command{Args: args, Timeout: timeout})
	if err != nil {
		return n.evaluationError(*r, parseMessages(result.Stderr), err)
	}
	var metadata struct {
		Path     string
		Revision string
		Locks    json.RawMessage
	}
	if err := json.Unmarshal([]byte(result.Stdout), &metadata); err != nil {
		return fmt.Errorf("nix flake metadata %s: %w", where, err)
	}
	if r.Flake.Tree == "" {
		copied := *r.Flake
		copied.Tree = filepath.Join(r.Temporary, "flake")
		if metadata.Revision != "" {
			copied.Query = "?rev=" + metadata.Revision
		}
		r.Flake = &copied
		if err := os.CopyFS(copied.Tree, os.DirFS(metadata.Path)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(r.Flake.Tree, r.Flake.Dir, "flake.lock"), metadata.Locks, 0o644)
}
