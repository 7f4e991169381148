package testmachine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// stores makes the store, and the state of Nix, visible. What is written there
// is the machine's: a collection of garbage inside, where nobody knows the
// host's roots, must not remove anything from the host.
func stores() error {
	state := variable("NIX_STATE_DIR", "/nix/var/nix")
	for _, dir := range []string{variable("NIX_STORE_DIR", "/nix/store"), state} {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := overlay(dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{variable("NIX_LOG_DIR", "/nix/var/log/nix"), state + "/profiles/per-user"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			return err
		}
	}
	if conf := os.Getenv("NIX_CONF_DIR"); conf != "" {
		if err := bind(conf, true); err != nil {
			return err
		}
	}
	return profiles(root + state + "/profiles")
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// overlay makes a directory of the host visible in the machine by the same path,
// such that changes are in memory.
func overlay(dir string) error {
	lower, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer lower.Close()
	upper, err := os.MkdirTemp(scratch, "upper")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(scratch, "work")
	if err != nil {
		return err
	}
	info, err := lower.Stat()
	if err != nil {
		return err
	}
	if err := os.Chmod(upper, info.Mode()); err != nil {
		return err
	}
	// By a path that has nothing in it that is a separator there.
	options := fmt.Sprintf("lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s", lower.Fd(), upper, work)
	return mount("overlay", "overlay", root+dir, 0, options)
}

// profiles leaves those that the host's own programs are in: what is deployed on
// the host is not deployed in here. The user has a directory.
func profiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, "default") && !strings.HasPrefix(name, "system") {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	own := filepath.Join(dir, "per-user", User)
	if err := os.MkdirAll(own, 0o755); err != nil {
		return err
	}
	return unix.Chown(own, userID, userGID)
}
