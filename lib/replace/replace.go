// Package replace writes a file as a whole: whoever reads it gets the old
// content or the new one, also after a power cut. It must not know what files
// hold.
package replace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// File gives a file a new content. Links are followed; mode and owner stay, as
// far as the caller may give files away, and mode is that of a file that did not
// exist. What is no regular file, as /dev/stdout, is written to.
func File(path string, data []byte, mode fs.FileMode) error {
	return From(path, bytes.NewReader(data), mode)
}

// From is File for a content that is read from somewhere.
func From(path string, content io.Reader, mode fs.FileMode) error {
	target, info, err := resolve(path)
	if err != nil {
		return err
	}
	if info != nil && !info.Mode().IsRegular() {
		return write(target, content)
	}
	pending, err := begin(path, target, info, mode)
	if err != nil {
		return err
	}
	// It does nothing once the file was replaced.
	defer pending.Cleanup()
	if _, err := io.Copy(pending, content); err != nil {
		return fmt.Errorf("%s can't be written: %w", path, cause(err))
	}
	if err := pending.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("%s can't be replaced: %w", path, cause(err))
	}
	return Sync(filepath.Dir(target))
}

// Possible tells whether File could do its work; it leaves nothing behind.
func Possible(path string) error {
	target, info, err := resolve(path)
	if err != nil {
		return err
	}
	if info != nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	pending, err := begin(path, target, info, 0o600)
	if err != nil {
		return err
	}
	return pending.Cleanup()
}

// Resolve gives the path of the file itself, which links lead to, whether it
// exists or not.
func Resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return target, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	target = filepath.Join(dir, filepath.Base(path))
	link, err := os.Readlink(target)
	if _, statErr := os.Stat(target); err != nil || statErr == nil {
		return target, nil // no link, or one like /dev/stdout, which leads to no path
	}
	if !filepath.IsAbs(link) {
		link = filepath.Join(dir, link)
	}
	return Resolve(link)
}

// Sync brings changes of a directory's entries to the disk.
func Sync(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func resolve(path string) (target string, info fs.FileInfo, err error) {
	if target, err = Resolve(path); err == nil {
		info, err = os.Stat(target)
	}
	if errors.Is(err, fs.ErrNotExist) && target != "" {
		return target, nil, nil
	}
	if err != nil {
		err = fmt.Errorf("%s can't be written: %w", path, err)
	}
	return target, info, err
}

// cause leaves out the path of an error, where it is that of the file that is to
// take the other's place.
func cause(err error) error {
	if one, is := errors.AsType[*fs.PathError](err); is {
		return one.Err
	}
	return err
}

func begin(path, target string, info fs.FileInfo, mode fs.FileMode) (*renameio.PendingFile, error) {
	pending, err := renameio.NewPendingFile(target,
		renameio.WithTempDir(filepath.Dir(target)), renameio.WithPermissions(mode), renameio.WithExistingPermissions())
	if err != nil {
		return nil, fmt.Errorf("%s can't be replaced: %w", path, cause(err))
	}
	if info != nil {
		if was, ok := info.Sys().(*syscall.Stat_t); ok {
			// Only root can; everybody else replaces files of their own.
			_ = pending.Chown(int(was.Uid), int(was.Gid))
		}
	}
	return pending, nil
}

func write(path string, content io.Reader) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
