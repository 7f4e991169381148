// Package rootfs makes the file system of an image of data: accounts,
// directories, files, links, and the contents of packages, as entries of an
// archive. It looks at the packages, but makes nothing on the machine, and must
// not know what runs in a container.
package rootfs

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// node is one entry: a directory, a link, or a file, whose contents are text or
// those of the file source.
type node struct {
	kind     byte // as archive/tar has it
	mode     int64
	uid, gid int
	target   string
	text     string
	source   string
	implied  bool // a directory that nobody has asked for, but for what is in it
}

const (
	file      = '0'
	link      = '2'
	directory = '5'
)

// Tree is a file system by absolute paths.
type Tree struct{ nodes map[string]node }

func newTree() *Tree {
	return &Tree{nodes: map[string]node{"/": {kind: directory, mode: 0o755}}}
}

// maxLinks is how many links may stand on the way to a path, as on Linux.
const maxLinks = 40

// place is where an entry really lies: what leads there may be links. What is
// missing above it becomes a directory.
func (t *Tree) place(name string) (string, error) {
	if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("%q is no absolute path", name)
	}
	at, rest, links := "/", components(name), 0
	for len(rest) > 0 {
		at, rest = path.Join(at, rest[0]), rest[1:]
		if len(rest) == 0 {
			return at, nil
		}
		above, found := t.nodes[at]
		switch {
		case !found:
			t.nodes[at] = node{kind: directory, mode: 0o755, implied: true}
		case above.kind == link:
			if links++; links > maxLinks {
				return "", fmt.Errorf("%s: too many links lead there", name)
			}
			rest = append(components(leads(at, above.target)), rest...)
			at = "/"
		case above.kind == file:
			return "", fmt.Errorf("%s can't be made: %s is a file", name, at)
		}
	}
	return at, nil
}

// leads is the absolute path that a link leads to.
func leads(at, target string) string {
	if path.IsAbs(target) {
		return path.Clean(target)
	}
	return path.Join(path.Dir(at), target)
}

func components(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
}

// put makes an entry. One of another kind must not be there.
func (t *Tree) put(name string, n node) error {
	at, err := t.place(path.Clean(name))
	if err != nil {
		return err
	}
	if was, found := t.nodes[at]; found && (was.kind == directory) != (n.kind == directory) && at == path.Clean(name) {
		return fmt.Errorf("%s is %s and %s at once", at, kinds[was.kind], kinds[n.kind])
	}
	t.nodes[at] = n
	return nil
}

var kinds = map[byte]string{file: "a file", link: "a link", directory: "a directory"}

// above are the paths of the directories above a path, the topmost first.
func above(name string) []string {
	var found []string
	for at := path.Dir(name); at != "/" && at != "."; at = path.Dir(at) {
		found = append(found, at)
	}
	slices.Reverse(found)
	return found
}

// paths are all in the order in which an archive has them.
func (t *Tree) paths() []string {
	return slices.SortedFunc(maps.Keys(t.nodes), func(a, b string) int {
		return cmp.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
	})
}

// Lead makes the directories above a path that something else is to lie at.
func (t *Tree) Lead(name string) error {
	at, err := t.place(name)
	if err == nil && at != name {
		err = fmt.Errorf("%s would lie at %s: a link is in the way", name, at)
	}
	return err
}
