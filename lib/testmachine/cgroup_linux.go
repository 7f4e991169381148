package testmachine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// group is the control group of a machine, the root of those that it makes. It
// is in the hierarchy of version 2, which each Linux has, perhaps without any
// controllers.
type group struct{ *os.File }

const (
	groupRoot   = "/sys/fs/cgroup"
	groupPrefix = "nixproc-machine-"
)

// newGroup makes one, named after the calling process, and removes those of
// keepers that were killed.
func newGroup() (*group, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("no mount namespace: %w", err)
	}
	if err := mount("cgroup2", "cgroup2", groupRoot, 0, ""); err != nil {
		return nil, err
	}
	old, err := filepath.Glob(filepath.Join(groupRoot, groupPrefix+"*"))
	if err != nil {
		return nil, err
	}
	for _, dir := range old {
		keeper := strings.TrimPrefix(filepath.Base(dir), groupPrefix)
		if line, _ := os.ReadFile("/proc/" + keeper + "/cmdline"); len(line) == 0 { // gone, or not waited for
			removeGroup(dir) // fails where something runs in it
		}
	}
	dir := filepath.Join(groupRoot, groupPrefix+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	return &group{file}, nil
}

// remove removes the group, and all in it, once its last process is gone: who
// has entered the machine may still be there for a moment.
func (g *group) remove() error {
	g.Close()
	var err error
	for range 100 {
		if err = removeGroup(g.Name()); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

func removeGroup(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(dirs) {
		if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
			return &os.PathError{Op: "rmdir", Path: dir, Err: err}
		}
	}
	return nil
}

// setUpGroups makes the machine's group the root of those inside, mounts them in
// a directory, and puts process 1 in a group below: only groups without
// processes pass controllers on, which Docker wants.
func setUpGroups(dir string) error {
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("no namespace of control groups: %w", err)
	}
	if err := mount("cgroup2", "cgroup2", dir, 0, ""); err != nil {
		return err
	}
	for _, name := range []string{initGroup, enterGroup} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, initGroup, "cgroup.procs"), []byte("0"), 0); err != nil {
		return err
	}
	controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(controllers)) {
		// Each by itself: some can't be had where processes with real-time priorities run, say.
		os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0)
	}
	return nil
}

const (
	initGroup  = "init.scope" // as systemd calls it
	enterGroup = "entered"    // of those that enter the machine
)
