// Package flakeref reads references to outputs of flakes, with the habits of the
// nix command: PATH#NAME, URL#NAME, or REGISTERED#NAME. It finds the flake that a
// path leads to; it knows nothing of what flakes contain.
package flakeref

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Ref is a reference.
type Ref struct {
	Text      string   // as it was written
	URL       string   // what builtins.getFlake takes; "" for a Tree
	Tree      string   // absolute path of a directory that is taken as it is
	Dir       string   // where the flake is below that; "" if not below
	Attribute []string // path of the output
	// Root is the directory on this machine whose files make up the flake; ""
	// if it is elsewhere.
	Root string
	Git  bool // the root is a checkout of Git: only files that it tracks count
	// Query is what Nix is told of a Tree that it can't see, as "?rev=…".
	Query string
}

var (
	scheme     = regexp.MustCompile(`^(path|flake|indirect|github|gitlab|sourcehut|https?|file|tarball|(git|hg|tarball|file)\+[a-z]+):`)
	registered = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*(/[a-zA-Z0-9@][a-zA-Z0-9_.\/@-]*)?$`)
	// plain are the paths that stand in a URL as they are. Nix 2.8 knows no
	// escapes in paths.
	plain = regexp.MustCompile(`^[a-zA-Z0-9/._~-]*$`)
)

// Is says whether a text can be a reference. A file of that name comes first.
func Is(text string) bool { return strings.Contains(text, "#") || scheme.MatchString(text) }

// Parse reads a reference; relative paths are relative to where the user is.
func Parse(text string) (Ref, error) {
	r := Ref{Text: text}
	where, fragment, _ := strings.Cut(text, "#")
	var err error
	if r.Attribute, err = attributePath(fragment); err != nil {
		return r, fmt.Errorf("%s: %w", text, err)
	}
	path, isPath := strings.CutPrefix(where, "path:")
	switch {
	case isPath:
		path, query, _ := strings.Cut(path, "?")
		dir, other, err := subdirectory(query)
		if err != nil {
			return r, fmt.Errorf("%s: %w", text, err)
		}
		if other != "" {
			r.URL = where // locked by somebody: Nix checks that
			return r, nil
		}
		return r, r.inTree(path, dir)
	case scheme.MatchString(where) || registered.MatchString(where):
		r.URL = where
		_, query, _ := strings.Cut(where, "?")
		r.Dir, _, err = subdirectory(query)
		return r, err
	}
	path, query, _ := strings.Cut(where, "?")
	return r, r.inDirectory(path, query)
}

// subdirectory takes the parameter "dir" out of a query.
func subdirectory(query string) (dir, other string, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", "", err
	}
	dir = strings.Trim(values.Get("dir"), "/")
	values.Del("dir")
	return dir, values.Encode(), nil
}

// inTree is for a directory that is taken as it is.
func (r *Ref) inTree(path, dir string) error {
	var err error
	if r.Tree, err = directory(r.Text, path); err != nil {
		return err
	}
	r.Root, r.Dir = r.Tree, dir
	return r.check(filepath.Join(r.Tree, dir))
}

// inDirectory is for a path that stands alone: in a checkout of Git it means the
// checkout, and the flake may be in a directory above.
func (r *Ref) inDirectory(path, query string) error {
	dir, other, err := subdirectory(query)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Text, err)
	}
	start, err := directory(r.Text, path)
	if err != nil {
		return err
	}
	start = filepath.Join(start, dir)
	r.Root = checkout(start)
	if r.Root == "" {
		if other != "" {
			return fmt.Errorf("%s: ?%s is for checkouts of Git, which %s is not", r.Text, other, start)
		}
		return r.inTree(start, "")
	}
	r.Git = true
	flake := start
	for flake != r.Root && !exists(filepath.Join(flake, "flake.nix")) {
		flake = filepath.Dir(flake)
	}
	if err := r.check(flake); err != nil {
		return err
	}
	if r.Dir, err = filepath.Rel(r.Root, flake); err != nil {
		return err
	}
	if r.Dir == "." {
		r.Dir = ""
	}
	r.URL = r.gitURL(other)
	return nil
}

// gitURL is "" for what has no place in a URL.
func (r *Ref) gitURL(query string) string {
	if !plain.MatchString(r.Root) {
		return ""
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	if r.Dir != "" {
		values.Set("dir", r.Dir)
	}
	if exists(filepath.Join(r.Root, ".git", "shallow")) {
		values.Set("shallow", "1")
	}
	text := "git+file://" + r.Root
	if len(values) > 0 {
		// Nix takes a plus sign for itself.
		text += "?" + strings.ReplaceAll(values.Encode(), "+", "%20")
	}
	return text
}

func (r *Ref) check(dir string) error {
	if !exists(filepath.Join(dir, "flake.nix")) {
		return fmt.Errorf("%s: there is no flake.nix in %s", r.Text, dir)
	}
	return nil
}

func directory(text, path string) (string, error) {
	if path == "" {
		path = "."
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return "", fmt.Errorf("%s: %s does not exist", text, absolute)
	}
	if info, err := os.Stat(resolved); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s: %s is no directory", text, absolute)
	}
	return resolved, nil
}

// checkout is the checkout of Git that a directory belongs to, "" if none.
func checkout(dir string) string {
	for ; ; dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, ".git")) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
