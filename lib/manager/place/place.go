// Package place keeps copies of a profile's files in a directory that a process
// manager reads: each is there as a whole or not at all, says whose it is, and
// never replaces a file of somebody else's. It does not know what the files mean.
//
// They are copies and no links: a link into an old generation leads nowhere
// after a garbage collection, and at boot before the store is mounted.
package place

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Directory is such a place, as one profile sees it.
type Directory struct {
	Path    string
	Profile string // its absolute path; it stands in each file
	// Begin and End are what stands around the profile's path in the line that
	// says whose a file is. To the manager that line has to be a comment.
	Begin, End string
	// Line is how many lines of a file come before that one.
	Line int
	Mode fs.FileMode // permission bits of the files; 0 for 0644
	// Theirs says of a link in the place, by its name and where it leads, that
	// the older tools made it. Such a link may be replaced.
	Theirs func(name, to string) bool
	// Holds says whether a profile has that file. What a profile does not have
	// any more may be replaced, whosever it was.
	Holds func(profile, name string) bool
}

// Whose a file is, where it is nobody's profile's.
const (
	nobody  = ""     // nothing is there
	older   = "link" // a link of the older tools
	unknown = "?"    // anything else
)

// MayPut gives an error if something is in the way of a file.
func (d Directory) MayPut(name string) error {
	owner, err := d.owner(name)
	if err != nil || owner == nobody || owner == older || owner == d.Profile {
		return err
	}
	path := filepath.Join(d.Path, name)
	if owner == unknown {
		return fmt.Errorf("%s is in the way: nixproc did not put it there; remove it, or give the process another name", path)
	}
	if d.Holds(owner, name) {
		return fmt.Errorf("%s belongs to the profile %s: undeploy it there, or give the process another name", path, owner)
	}
	return nil
}

// Remove removes a file of this profile's, or a link of the older tools, and
// says whether there was one. Whatever else is there stays.
func (d Directory) Remove(name string) (removed bool, err error) {
	owner, err := d.owner(name)
	if err != nil || owner != d.Profile && owner != older {
		return false, err
	}
	return true, os.Remove(filepath.Join(d.Path, name))
}

// Has says whether a file of this profile's is there.
func (d Directory) Has(name string) (bool, error) {
	owner, err := d.owner(name)
	return owner == d.Profile, err
}

func (d Directory) mode() fs.FileMode {
	if d.Mode == 0 {
		return 0o644
	}
	return d.Mode
}

// owner tells whose a file is: the path of a profile, or one of the above.
func (d Directory) owner(name string) (string, error) {
	path := filepath.Join(d.Path, name)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nobody, nil
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		if err == nil && d.Theirs != nil && d.Theirs(name, to) {
			return older, nil
		}
		return unknown, err
	case !info.Mode().IsRegular():
		return unknown, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, line, _ := d.split(string(text))
	line, _, _ = strings.Cut(line, "\n")
	signature, begins := strings.CutPrefix(line, d.Begin)
	signature, ends := strings.CutSuffix(signature, d.End)
	profile, err := url.PathUnescape(signature)
	if !begins || !ends || err != nil {
		return unknown, nil
	}
	return profile, nil
}

// signed is a file as it stands in its place.
func (d Directory) signed(text string) string {
	before, after, ok := d.split(text)
	if !ok {
		before += "\n"
	}
	return before + d.Begin + escape.Replace(d.Profile) + d.End + "\n" + after
}

// split parts a text where the signature is; it says whether all lines are
// there that come before it.
func (d Directory) split(text string) (before, after string, ok bool) {
	end := 0
	for range d.Line {
		length := strings.IndexByte(text[end:], '\n')
		if length < 0 {
			return text, "", false
		}
		end += length + 1
	}
	return text[:end], text[end:], true
}

// escape keeps a path within one line, and within a comment, of any of the
// formats: XML's must not have two hyphens in it, and a backslash may go on with
// the next line.
var escape = strings.NewReplacer("%", "%25", "\n", "%0A", "\r", "%0D", `\`, "%5C", "--", "-%2D")
