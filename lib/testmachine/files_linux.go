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

// ownFiles are what each machine has to itself.
func ownFiles() error {
	for _, d := range []struct {
		path  string
		mode  fs.FileMode
		owner int
	}{
		{"/var/cache", 0o755, 0}, {"/var/lib", 0o755, 0}, {"/var/log", 0o755, 0}, {"/var/mail", 0o755, 0}, {"/var/spool", 0o755, 0},
		{"/tmp", fs.ModeSticky | 0o777, 0}, {"/var/tmp", fs.ModeSticky | 0o777, 0}, {"/run/lock", fs.ModeSticky | 0o777, 0}, {"/root", 0o700, 0},
		{UserHome, 0o700, userID}, {userRuntimeDir, 0o700, userID},
	} {
		path := root + d.path
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		gid := 0
		if d.owner == userID {
			gid = userGID
		}
		if err := errors.Join(os.Chown(path, d.owner, gid), os.Chmod(path, d.mode)); err != nil {
			return err
		}
	}
	// Relative, so that they lead nowhere else until this is the root directory.
	for link, target := range map[string]string{"/var/run": "../run", "/var/lock": "../run/lock"} {
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

// accounts gives the machine its user without rights, in place of anybody who
// has the same name or number on the host.
func accounts() error {
	if err := ownEtc(); err != nil {
		return err
	}
	for _, file := range []struct {
		name  string
		id    int // the number of the entry
		entry string
	}{
		{"passwd", userID, fmt.Sprintf("%s:x:%d:%d:Unprivileged user:%s:/bin/sh", User, userID, userGID, UserHome)},
		{"shadow", -1, User + ":*:1::::::"},
		{"group", userGID, fmt.Sprintf("users:x:%d:", userGID)},
	} {
		text, err := os.ReadFile("/etc/" + file.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		var lines []string
		name, _, _ := strings.Cut(file.entry, ":")
		for line := range strings.Lines(string(text)) {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
			if fields[0] != name && (file.id < 0 || len(fields) < 3 || fields[2] != fmt.Sprint(file.id)) {
				lines = append(lines, strings.TrimSuffix(line, "\n"))
			}
		}
		if err := replaceFile(file.name, strings.Join(append(lines, file.entry), "\n")+"\n"); err != nil {
			return err
		}
	}
	hosts := "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 " + hostName + "\n"
	return errors.Join(replaceFile("hosts", hosts), replaceFile("hostname", hostName+"\n"))
}

// ownEtc is an error if the machine's /etc is the host's own: nothing may be written
// there then.
func ownEtc() error {
	own, err := os.Stat(filepath.Join(root, "etc"))
	if err != nil {
		return err
	}
	if host, err := os.Stat("/etc"); err == nil && os.SameFile(own, host) {
		return errors.New("the machine's /etc is the host's")
	}
	return nil
}

// replaceFile makes a file in the machine's /etc, with the owner and mode of the
// host's, which may be a link, and lead out of the machine.
func replaceFile(name, text string) error {
	path := filepath.Join(root, "etc", name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	var host unix.Stat_t
	if err := unix.Stat("/etc/"+name, &host); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return errors.Join(os.Chown(path, int(host.Uid), int(host.Gid)), unix.Chmod(path, host.Mode&0o7777))
}
