package pidfile

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// Expected says what is known of the process that a pid file is to name; either
// may be "".
type Expected struct {
	Program string // what it was started as
	User    string // whom it runs as, if not the caller
}

// open reads a pid file, and says whose it is. A link leads to it only if root or
// the caller has made it: a link in /tmp may be anybody's.
func open(file string) (path string, info fs.FileInfo, content []byte, err error) {
	info, err = os.Lstat(file)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if uid := ownerOf(info); !ours(uid) {
			return file, info, nil, distrust("%s is a link that belongs to user %d", file, uid)
		}
		if file, err = filepath.EvalSymlinks(file); err == nil {
			info, err = os.Lstat(file)
		}
	}
	if err != nil || !info.Mode().IsRegular() {
		return file, info, nil, err
	}
	content, err = readShort(file, syscall.O_NOFOLLOW)
	return file, info, content, err
}

// distrust is an error that says why a pid file is not believed.
type distrusted struct{ why string }

func (d distrusted) Error() string { return d.why }

func distrust(format string, values ...any) error { return distrusted{fmt.Sprintf(format, values...)} }

// believed is nil if whoever has written a pid file may say which process is
// meant. Root and the caller may; all others only where it is a process of their
// own, which in a directory that everybody may write in has to be the expected
// one besides. The shell functions of init scripts go by the same rules.
func believed(file string, info fs.FileInfo, pid int, expected Expected) error {
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return nil // a system without owners
	}
	uid := stat.Uid
	switch {
	case stat.Nlink > 1:
		return distrust("%s has another name, which may be somebody else's pid file", file)
	case ours(uid):
		return nil
	case !runsAs(pid, uid):
		return distrust("%s belongs to user %d, who does not run process %d", file, uid, pid)
	}
	dir, err := os.Stat(filepath.Dir(file))
	if err != nil {
		return distrust("%v", err)
	}
	if dir.Mode().Perm()&0o002 == 0 {
		return nil
	}
	if expected.User == "" {
		if runs(pid, expected.Program) {
			return nil
		}
		return distrust("%s, which anybody may have written, names process %d of user %d", file, pid, uid)
	}
	if numberOf(expected.User) != strconv.Itoa(int(uid)) {
		return distrust("%s belongs to user %d, not to %s", file, uid, expected.User)
	}
	return nil
}

func ours(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

func ownerOf(info fs.FileInfo) uint32 {
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return uint32(os.Geteuid())
	}
	return stat.Uid
}

// numbers of users by their names: there may be a pid file for each of a
// thousand processes.
var numbers sync.Map

func numberOf(name string) string {
	if known, ok := numbers.Load(name); ok {
		return known.(string)
	}
	found, err := user.Lookup(name)
	if err != nil {
		return ""
	}
	numbers.Store(name, found.Uid)
	return found.Uid
}
