package statedir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Create makes the directories of Resolved that are missing, those above them
// too, with mode 0755 whatever the umask. A temp directory that is made gets
// mode 1777, unless no user is ever changed. If the temp directory is /tmp,
// or the runtime directory /run, the state directory gets a link tmp or run to
// it where nothing of that name stands. What exists is left as it is.
//
// All directories are looked at before the first is made, so that what can be
// known to be wrong changes nothing: a relative path, a file in the way, a
// directory in which the caller cannot write, a link or a directory that belongs
// to neither root nor the caller (its owner could lead us anywhere), a directory
// in which everybody may replace everything. The error then joins
// all that was found, each with the option that helps.
func (d Dirs) Create(disableUserChange bool) error {
	return maker{root: "/", goos: runtime.GOOS}.create(d, disableUserChange)
}

// Check gives the error that Create would give before it makes anything.
func (d Dirs) Check() error {
	m := maker{root: "/", goos: runtime.GOOS}
	return m.checkAll(due(d.Resolved(m.goos), 0o755))
}

// Make makes one directory in the same way, and what is missing above it.
func Make(path string) error {
	m, d := maker{root: "/", goos: runtime.GOOS}, directory{path: path, mode: 0o755}
	if err := m.check(d); err != nil {
		return err
	}
	return m.make(d)
}

// maker makes directories below a root, which is / but in tests.
type maker struct{ root, goos string }

// directory is one that is due.
type directory struct {
	what, option, path string
	mode               fs.FileMode
}

func (d directory) wrap(err error) error {
	return fmt.Errorf("cannot make the %s directory %s (%s): %w", d.what, d.path, d.option, err)
}

func (m maker) create(asked Dirs, disableUserChange bool) error {
	dirs := asked.Resolved(m.goos)
	tmpMode := 0o777 | fs.ModeSticky
	if disableUserChange {
		tmpMode = 0o755
	}
	list := due(dirs, tmpMode)
	if err := m.checkAll(list); err != nil {
		return err
	}
	for _, d := range list {
		if err := m.make(d); err != nil {
			return d.wrap(err)
		}
	}
	for name, target := range map[string]string{"tmp": dirs.Tmp, "run": dirs.Runtime} {
		if target != "/"+name {
			continue
		}
		if err := m.link(dirs.State, name, target); err != nil {
			return fmt.Errorf("cannot link %s to %s (--state-dir): %w", filepath.Join(dirs.State, name), target, err)
		}
	}
	return nil
}

// due lists the directories in the order in which they are made.
func due(dirs Dirs, tmpMode fs.FileMode) []directory {
	return []directory{
		{"state", "--state-dir", dirs.State, 0o755},
		{"temp", "--tmp-dir", dirs.Tmp, tmpMode},
		{"runtime", "--runtime-dir", dirs.Runtime, 0o755},
		{"log", "--log-dir", dirs.Log, 0o755},
		{"cache", "--cache-dir", dirs.Cache, 0o755},
		{"spool", "--spool-dir", dirs.Spool, 0o755},
		{"lock", "--lock-dir", dirs.Lock, 0o755},
		{"lib", "--lib-dir", dirs.Lib, 0o755},
	}
}

func (m maker) checkAll(list []directory) error {
	var problems []error
	for _, d := range list {
		if err := m.check(d); err != nil {
			problems = append(problems, d.wrap(err))
		}
	}
	return errors.Join(problems...)
}

// check finds out, without a change, whether a directory can be made.
func (m maker) check(d directory) error {
	at, missing, err := m.walk(d.path)
	if err != nil || len(missing) == 0 {
		return err
	}
	const writeAndEnter = 2 | 1 // W_OK | X_OK
	if err := syscall.Access(at.path, writeAndEnter); err != nil {
		return fmt.Errorf("user %d cannot write in %s (%w): name another directory, or make it beforehand", os.Geteuid(), at.path, err)
	}
	return nil
}

// make makes a directory, and what is missing above it.
func (m maker) make(d directory) error {
	at, missing, err := m.walk(d.path)
	if err != nil || len(missing) == 0 {
		return err
	}
	dir, err := at.open()
	if err != nil {
		return err
	}
	defer func() { dir.Close() }()
	for i, name := range missing {
		mode := fs.FileMode(0o755)
		if i == len(missing)-1 {
			mode = d.mode
		}
		if err := add(dir, name, mode); err != nil {
			return err
		}
		below, err := dir.OpenRoot(name)
		if err != nil {
			return err
		}
		dir.Close()
		dir = below
	}
	return nil
}

// add makes one directory inside another with an exact mode. One that appears
// meanwhile, made by another run, is as good.
func add(dir *os.Root, name string, mode fs.FileMode) error {
	if mode == 0o755 {
		// With the usual umask 022 it never has another mode; chmod is for
		// unusual ones.
		if err := dir.Mkdir(name, mode); err != nil {
			return isDirectory(dir, name, err)
		}
		return dir.Chmod(name, mode)
	}
	// Nobody may find it half done, also after a power cut: since directories
	// that exist are left as they are, it would stay so.
	temp := "." + name + "." + rand.Text()
	if err := dir.Mkdir(temp, 0o700); err != nil {
		return err
	}
	err := dir.Chmod(temp, mode)
	if err == nil {
		err = dir.Rename(temp, name)
	}
	if err != nil {
		dir.Remove(temp)
		return isDirectory(dir, name, err)
	}
	return nil
}

func isDirectory(dir *os.Root, name string, otherwise error) error {
	if info, err := dir.Lstat(name); err == nil && info.IsDir() {
		return nil
	}
	return otherwise
}

// link makes a link in the state directory where nothing of the name stands.
func (m maker) link(state, name, target string) error {
	at, missing, err := m.walk(state)
	if err != nil || len(missing) > 0 {
		return errors.Join(err, m.check(directory{path: state}))
	}
	if _, err := os.Lstat(filepath.Join(at.path, name)); err == nil {
		return nil
	}
	dir, err := at.open()
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Symlink(target, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// place is a directory that exists, by a path without links.
type place struct {
	path string
	info fs.FileInfo
}

// open opens the directory that was looked at, or fails if the path leads
// elsewhere by now.
func (p place) open() (*os.Root, error) {
	dir, err := os.OpenRoot(p.path)
	if err != nil {
		return nil, err
	}
	if info, err := dir.Stat("."); err != nil || !os.SameFile(info, p.info) {
		dir.Close()
		return nil, fmt.Errorf("%s was replaced while it was in use: somebody else changes it", p.path)
	}
	return dir, nil
}

// split gives the names in a path.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}
