package rootfs

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
)

// Declared is what the steps of an image declare.
type Declared struct {
	Groups      map[string]Group      `json:"groups"`
	Users       map[string]Properties `json:"users"`
	Directories map[string]Owned      `json:"directories"`
	Files       map[string]File       `json:"files"`
	Links       map[string]string     `json:"links"`
	Profiles    []string              `json:"profiles"`
	// Generations are Nix profiles in the image, with their only generation.
	Generations map[string]string `json:"generations"`
}

// Owned is the mode (an octal number) and the owner of an entry, by name.
type Owned struct {
	Mode  string `json:"mode"`
	User  string `json:"user"`
	Group string `json:"group"`
}

// File has its text, or that of the file Source.
type File struct {
	Owned
	Text   string `json:"text"`
	Source string `json:"source"`
}

// New makes the file system that is declared; the packages' contents are not in
// it yet.
func New(d Declared) (*Tree, error) {
	found, err := accountsOf(d)
	if err != nil {
		return nil, err
	}
	t := newTree()
	// Links come first: what lies below one lies where it leads to.
	for _, name := range slices.Sorted(maps.Keys(d.Links)) {
		if err := t.put(name, node{kind: link, mode: 0o777, target: d.Links[name]}); err != nil {
			return nil, err
		}
	}
	if err := t.putGenerations(d.Generations); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Directories)) {
		if err := t.putOwned(name, node{kind: directory, mode: 0o755}, d.Directories[name], found); err != nil {
			return nil, err
		}
	}
	if err := found.putHomes(t); err != nil {
		return nil, err
	}
	for name, text := range found.files() {
		if err := t.put(name, text); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Files)) {
		f := d.Files[name]
		if err := t.putOwned(name, node{kind: file, mode: 0o644, text: f.Text, source: f.Source}, f.Owned, found); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Tree) putOwned(name string, n node, owned Owned, among *table) error {
	var err error
	if owned.Mode != "" {
		if n.mode, err = strconv.ParseInt(owned.Mode, 8, 64); err != nil || n.mode < 0 || n.mode > 0o7777 {
			return fmt.Errorf("%s: the mode %q is no octal number up to 7777", name, owned.Mode)
		}
	}
	if n.uid, err = among.userNumber(owned.User); err == nil {
		n.gid, err = among.groupNumber(owned.Group)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n.kind == directory {
		if there, found := t.follow(path.Clean(name)); found && t.nodes[there].kind == directory {
			name = there // a link stands for the directory
		}
	}
	return t.put(name, n)
}

func (t *Tree) putGenerations(generations map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(generations)) {
		first := path.Base(name) + "-1-link"
		for at, target := range map[string]string{name: first, path.Join(path.Dir(name), first): generations[name]} {
			if err := t.put(at, node{kind: link, mode: 0o777, target: target}); err != nil {
				return err
			}
		}
	}
	return nil
}
