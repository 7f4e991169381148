package place

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// sideBySide is how many files are made at a time: a disk takes about as long to
// keep many files as to keep one, if it is asked for all of them at once.
const sideBySide = 128

// Put writes files, by name, each with the line that says whose it is, and says
// whether it had to. It replaces what is there: ask MayPut for all files first.
// Who reads them sees all of a file, or the one before; none is replaced before
// the disk has all of them. A profile must not be in two calls at a time.
func (d Directory) Put(texts map[string]string) (changed bool, err error) {
	if err := d.removeUnfinished(); err != nil {
		return false, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if !d.isAsItShould(name, d.signed(texts[name])) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return false, nil
	}
	if err := os.MkdirAll(d.Path, 0o755); err != nil {
		return false, err
	}
	written, err := d.writeAll(names, texts)
	for i, name := range names {
		if err == nil {
			err = os.Rename(written[i], filepath.Join(d.Path, name))
			changed = changed || err == nil
		}
	}
	if err != nil {
		err = errors.Join(err, d.removeUnfinished())
	}
	return changed, err
}

// isAsItShould says whether a file has its text and mode.
func (d Directory) isAsItShould(name, text string) bool {
	path := filepath.Join(d.Path, name)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != d.mode() {
		return false
	}
	is, err := os.ReadFile(path)
	return err == nil && string(is) == text
}

// writeAll makes files that are still to get their names.
func (d Directory) writeAll(names []string, texts map[string]string) ([]string, error) {
	written, problems := make([]string, len(names)), make([]error, len(names))
	turns := make(chan struct{}, sideBySide)
	var writers sync.WaitGroup
	for i, name := range names {
		writers.Go(func() {
			turns <- struct{}{}
			written[i], problems[i] = d.write(d.signed(texts[name]))
			<-turns
		})
	}
	writers.Wait()
	return written, errors.Join(problems...)
}

// write makes a file that is still to get its name, and has the disk keep it.
func (d Directory) write(text string) (path string, err error) {
	file, err := os.CreateTemp(d.Path, d.unfinished()+"*")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(text)
	return file.Name(), errors.Join(err, file.Chmod(d.mode()), file.Sync(), file.Close())
}

// unfinished is what the names of this profile's files begin with before they
// get their own: managers pass over what begins with a dot, and other profiles
// put their files there at the same time.
func (d Directory) unfinished() string {
	return fmt.Sprintf(".nixproc-%.8x-", sha256.Sum256([]byte(d.Profile)))
}

// removeUnfinished removes what a Put left that did not come to its end.
func (d Directory) removeUnfinished() error {
	entries, err := os.ReadDir(d.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var problems []error
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), d.unfinished()) {
			problems = append(problems, os.Remove(filepath.Join(d.Path, entry.Name())))
		}
	}
	return errors.Join(problems...)
}
