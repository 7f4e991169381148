// Package profile handles Nix profiles and their generations in the layout of
// nix-env: NAME is a relative link to NAME-N-link, and each NAME-N-link is a
// link to a store path. It must not know what is in a generation, nor run
// anything: who changes a profile holds its lock, and has made a garbage
// collector root for what the new generation names.
package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Profile says where a profile is. Locate makes valid ones.
type Profile struct {
	// Dir is the absolute directory in which the links stand.
	Dir string

	// Name is the profile's name, "processes" for example.
	Name string

	// StateDir is Nix's own state directory; "" is /nix/var/nix.
	StateDir string
}

// Generation is one NAME-N-link.
type Generation struct {
	// Number is N, at least 1.
	Number int

	// Path is what the link names: a store path.
	Path string

	// Created is when the link was made.
	Created time.Time

	// Current tells that the profile is at this generation.
	Current bool
}

// GoneError says that a profile is at a generation that does not exist.
type GoneError struct {
	Profile Profile
	Number  int
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("%s is at generation %d, which is gone: switch to another generation", e.Profile.Path(), e.Number)
}

// Path is the profile's own link, what nix-env's -p takes.
func (p Profile) Path() string { return filepath.Join(p.Dir, p.Name) }

// Link is the link of generation n, whether it exists or not.
func (p Profile) Link(n int) string { return filepath.Join(p.Dir, p.linkName(n)) }

// WorkDir is where work files of this profile (lock, journal, roots) belong.
// Nothing is made.
func (p Profile) WorkDir() string { return filepath.Join(p.Dir, "."+p.Name+".nixproc") }

// LockFile is the lock of whoever works on this profile.
func (p Profile) LockFile() string { return filepath.Join(p.WorkDir(), "lock") }

func (p Profile) linkName(n int) string { return p.Name + "-" + strconv.Itoa(n) + "-link" }

// number reads the N of a link's name. Only the form that nix-env writes
// counts, so that no link of the profile NAME-b is taken for one of NAME.
func (p Profile) number(link string) (int, bool) {
	digits, ok := strings.CutPrefix(link, p.Name+"-")
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, "-link"); !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || strconv.Itoa(n) != digits {
		return 0, false
	}
	return n, true
}

// Generations lists all generations by number, oldest first. A profile that
// does not exist has none.
func (p Profile) Generations() ([]Generation, error) {
	current, err := p.target()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the generations of %s: %w", p.Path(), err)
	}
	var list []Generation
	for _, entry := range entries {
		n, ok := p.number(entry.Name())
		if !ok {
			continue
		}
		g, err := p.generation(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since the directory was read
		}
		if err != nil {
			return nil, err
		}
		g.Current = n == current
		list = append(list, g)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Number < list[j].Number })
	return list, nil
}

// Current is the generation that the profile is at; false if there is no
// profile yet. A link to a generation that is gone is an error.
func (p Profile) Current() (Generation, bool, error) {
	n, err := p.target()
	if n == 0 || err != nil {
		return Generation{}, false, err
	}
	g, err := p.generation(n)
	if errors.Is(err, fs.ErrNotExist) {
		return Generation{}, false, &GoneError{Profile: p, Number: n}
	}
	g.Current = true
	return g, err == nil, err
}

// NumberFor tells which generation a store path is to be. As with nix-env, it
// is the newest one again if that is the same path, and the current one if
// nothing changed.
func (p Profile) NumberFor(storePath string) (number int, exists bool, err error) {
	generations, err := p.Generations()
	if err != nil {
		return 0, false, err
	}
	for i, generation := range generations {
		if generation.Path == storePath && (generation.Current || i == len(generations)-1) {
			return generation.Number, true, nil
		}
	}
	number, err = p.Next()
	return number, false, err
}

// Next is the number for a new generation: one above the highest there is, as
// nix-env counts.
func (p Profile) Next() (int, error) {
	highest, err := p.target()
	if err != nil {
		return 0, err
	}
	list, err := p.Generations()
	if err != nil {
		return 0, err
	}
	for _, g := range list {
		highest = max(highest, g.Number)
	}
	return highest + 1, nil
}

// Before is the generation to which a rollback from generation n goes: the
// one with the next lower number that exists; false if there is none.
func (p Profile) Before(n int) (Generation, bool, error) {
	list, err := p.Generations()
	if err != nil {
		return Generation{}, false, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Number < n {
			return list[i], true, nil
		}
	}
	return Generation{}, false, nil
}

// target is the number of the generation that the profile's link names, 0 if
// there is no link. The generation may be gone.
func (p Profile) target() (int, error) {
	path := p.Path()
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("cannot read the profile: %w", err)
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return 0, fmt.Errorf("%s is not a profile: it is a %s, not a link to one of its generations", path, kind(info))
	}
	to, err := os.Readlink(path)
	if err != nil {
		return 0, fmt.Errorf("cannot read the profile: %w", err)
	}
	name := filepath.Base(to)
	if dir := filepath.Dir(to); dir == "." || filepath.IsAbs(dir) && filepath.Clean(dir) == filepath.Clean(p.Dir) {
		if n, ok := p.number(name); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s is not a profile: it is a link to %s, not to one of its generations", path, to)
}

// generation reads one generation's link.
func (p Profile) generation(n int) (Generation, error) {
	link := p.Link(n)
	info, err := os.Lstat(link)
	if err != nil {
		return Generation{}, err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return Generation{}, fmt.Errorf("%s is not a generation: it is a %s, not a link; move it away", link, kind(info))
	}
	to, err := os.Readlink(link)
	if err != nil {
		return Generation{}, err
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(p.Dir, to)
	}
	return Generation{Number: n, Path: to, Created: info.ModTime()}, nil
}

func kind(info fs.FileInfo) string {
	if info.IsDir() {
		return "directory"
	}
	return "file"
}

// Siblings gives the store paths of the current generations of the other
// profiles in the same directory, by their names. What is no profile is passed
// over.
func (p Profile) Siblings() (map[string]string, error) {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the profiles beside %s: %w", p.Path(), err)
	}
	paths := map[string]string{}
	for _, entry := range entries {
		other := Profile{Dir: p.Dir, Name: entry.Name(), StateDir: p.StateDir}
		if entry.Name() == p.Name || entry.Type()&fs.ModeSymlink == 0 {
			continue
		}
		if current, found, err := other.Current(); err == nil && found {
			paths[other.Name] = current.Path
		}
	}
	return paths, nil
}
