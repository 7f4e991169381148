package testmachine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ownFiles are what each machine has to itself.
func ownFiles(spec Spec) error {
	for _, d := range []struct {
		path  string
		mode  fs.FileMode
		owner int
	}{
		{"/var/cache", 0o755, 0}, {"/var/lib", 0o755, 0}, {"/var/log", 0o755, 0}, {"/var/mail", 0o755, 0}, {"/var/spool", 0o755, 0},
		{"/tmp", 0o1777, 0}, {"/var/tmp", 0o1777, 0}, {"/run/lock", 0o1777, 0}, {"/root", 0o700, 0},
		{UserHome, 0o700, UserID}, {userRuntimeDir, 0o700, UserID},
	} {
		path := root + d.path
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		gid := 0
		if d.owner == UserID {
			gid = userGID
		}
		if err := errors.Join(os.Chown(path, d.owner, gid), os.Chmod(path, goMode(d.mode))); err != nil {
			return err
		}
	}
	for link, target := range map[string]string{"/var/run": "/run", "/var/lock": "/run/lock"} {
		if err := os.Symlink(target, root+link); err != nil {
			return err
		}
	}
	// NixOS has its programs there.
	if system, err := filepath.EvalSymlinks("/run/current-system"); err == nil {
		if err := os.Symlink(system, root+"/run/current-system"); err != nil {
			return err
		}
	}
	return accounts()
}

// goMode is a mode as package os wants it.
func goMode(mode fs.FileMode) fs.FileMode {
	if mode&0o1000 != 0 {
		return mode&0o777 | fs.ModeSticky
	}
	return mode
}

// accounts gives the machine its user without rights, in place of anybody who
// has the same name or number on the host.
func accounts() error {
	for _, file := range []struct {
		name  string
		id    int // the number of the entry
		entry string
	}{
		{"passwd", UserID, fmt.Sprintf("%s:x:%d:%d:Unprivileged user:%s:/bin/sh", User, UserID, userGID, UserHome)},
		{"shadow", -1, User + ":*:1::::::"},
		{"group", userGID, fmt.Sprintf("users:x:%d:", userGID)},
	} {
		path := filepath.Join(root, "etc", file.name)
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		lines := []string{file.entry}
		name, _, _ := strings.Cut(file.entry, ":")
		for line := range strings.Lines(string(text)) {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
			if fields[0] != name && (file.id < 0 || len(fields) < 3 || fields[2] != fmt.Sprint(file.id)) {
				lines = append(lines, strings.TrimSuffix(line, "\n"))
			}
		}
		// Root first, as everywhere.
		lines = append(lines[1:], lines[0])
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	hosts := "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 " + hostName + "\n"
	return errors.Join(
		os.WriteFile(root+"/etc/hosts", []byte(hosts), 0o644),
		os.WriteFile(root+"/etc/hostname", []byte(hostName+"\n"), 0o644))
}
