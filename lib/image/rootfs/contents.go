package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
)

// LinkContents puts what is in packages at its place below the root, as links. A
// directory that only one package has is a link itself; where several have it, or
// something else is in it, it is a directory. Of two files with one name the last
// package's is taken, and what is there already goes first.
func (t *Tree) LinkContents(packages []string) error {
	for _, name := range packages {
		if info, err := os.Stat(name); err != nil {
			return err
		} else if !info.IsDir() {
			return fmt.Errorf("contents: %s is a file, where a package, a directory, is due", name)
		}
	}
	return t.merge("/", packages)
}

// merge puts what is in directories into one of the tree.
func (t *Tree) merge(at string, sources []string) error {
	inside := map[string][]string{}
	var names []string
	for _, source := range sources {
		entries, err := os.ReadDir(source)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if inside[entry.Name()] == nil {
				names = append(names, entry.Name())
			}
			inside[entry.Name()] = append(inside[entry.Name()], path.Join(source, entry.Name()))
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := t.join(path.Join(at, name), inside[name]); err != nil {
			return err
		}
	}
	return nil
}

// join puts what several packages have by one name at its place.
func (t *Tree) join(at string, sources []string) error {
	last := sources[len(sources)-1]
	there, found := t.follow(at)
	if found && t.nodes[there].kind != directory {
		return nil
	}
	dirs, err := directories(sources)
	switch {
	case err != nil:
		return err
	case len(dirs) == 0 && found:
		return fmt.Errorf("%s is a directory, and a file in %s", at, last)
	case len(dirs) == 0, len(dirs) == 1 && len(sources) == 1 && !found && !written(at):
		t.nodes[at] = node{kind: link, mode: 0o777, target: last}
		return nil
	case len(dirs) < len(sources):
		return fmt.Errorf("%s is a directory in one package and a file in another: %v", at, sources)
	}
	if !found {
		there = at
		t.nodes[at] = node{kind: directory, mode: 0o755}
	}
	return t.merge(there, dirs)
}

// written says whether something may be written into a directory later on. It
// never is a link into the store.
func written(at string) bool {
	top := components(at)[0]
	return len(components(at)) == 1 || slices.Contains([]string{"etc", "home", "root", "run", "srv", "tmp", "var"}, top)
}

// follow is where a path leads to in the tree.
func (t *Tree) follow(at string) (string, bool) {
	for range maxLinks {
		n, found := t.nodes[at]
		if !found || n.kind != link {
			return at, found
		}
		target := leads(at, n.target)
		if _, inside := t.nodes[target]; !inside {
			return at, true // it leads into the store
		}
		at = target
	}
	return at, true
}

// directories are those among the paths that are, or lead to, one.
func directories(names []string) ([]string, error) {
	var found []string
	for _, name := range names {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a link to nothing
		}
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			found = append(found, name)
		}
	}
	return found, nil
}
