package statedir

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
)

// private is an error if another user could put something in the place of what is
// in a directory. Who may write there by its group was given that right; whom a
// sticky directory belongs to is root, or the caller.
func private(path string, info fs.FileInfo) error {
	if owner, ours := ownerOf(info); !ours {
		return fmt.Errorf("%s belongs to user %d, who could replace what is in it: change its owner, or name another directory", path, owner)
	}
	if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("everybody may replace what is in %s: take that away (chmod o-w, or +t), or name another directory", path)
	}
	return nil
}

// ownerOf says whom a file belongs to, and whether that is root or the caller.
func ownerOf(info fs.FileInfo) (owner uint32, ours bool) {
	owner = info.Sys().(*syscall.Stat_t).Uid
	return owner, owner == 0 || int(owner) == os.Geteuid() || owner == unmapped && partOfUsers()
}

// unmapped is whom the files of all users belong to that a user namespace has no
// number for, root of the machine among them: user_namespaces(7).
const unmapped = 65534

// partOfUsers says whether there are such users here.
var partOfUsers = sync.OnceValue(func() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(data)), " ") != "0 0 4294967295"
})
