// Package tempdir makes directories for temporary files. A program that is killed
// leaves its own behind, and the next one of the same user removes it: a directory
// is locked for as long as somebody lives who needs it. It knows nothing of what is
// put there.
package tempdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Prefix is how the names of all of them begin, and no others'.
const Prefix = "nixproc-work-"

// Dir is one of them.
type Dir struct {
	Path string
	// Lock is the directory, open and locked, which keeps it from being removed as long
	// as a process has it. It is nil on a file system without locks.
	Lock *os.File
}

// New makes one that only the caller can enter, where TMPDIR says, and removes what
// was left there.
func New() (*Dir, error) {
	parent := os.TempDir()
	removeLeft(parent)
	for range 100 {
		path, err := os.MkdirTemp(parent, Prefix)
		if err != nil {
			return nil, fmt.Errorf("no directory for temporary files (TMPDIR says where): %w", err)
		}
		lock, err := hold(path)
		switch {
		case err == nil:
			return &Dir{path, lock}, nil
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EWOULDBLOCK):
			// Somebody took it for left, before it was locked, and removes it.
		default: // nobody else can lock it either, nor removes it
			return &Dir{path, nil}, nil
		}
	}
	return nil, fmt.Errorf("no directory for temporary files: somebody removes all of them in %s", parent)
}

// Remove removes it.
func (d *Dir) Remove() error {
	err := os.RemoveAll(d.Path)
	if d.Lock != nil {
		err = errors.Join(err, d.Lock.Close())
	}
	return err
}

// hold locks a directory that is still there.
func hold(path string) (*os.File, error) {
	lock, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		var there, locked fs.FileInfo
		if there, err = os.Lstat(path); err == nil {
			locked, err = lock.Stat()
		}
		if err == nil && !os.SameFile(there, locked) {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// removeLeft removes the caller's directories that nobody holds.
func removeLeft(parent string) {
	all, _ := os.ReadDir(parent)
	for _, entry := range all {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), Prefix) {
			continue
		}
		dir := Dir{Path: filepath.Join(parent, entry.Name())}
		info, err := entry.Info()
		if err != nil {
			continue
		}
		if owner, is := info.Sys().(*syscall.Stat_t); !is || int(owner.Uid) != os.Geteuid() {
			continue
		}
		if dir.Lock, err = hold(dir.Path); err == nil {
			dir.Remove()
		}
	}
}
