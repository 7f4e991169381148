package testmachine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// kernelFiles are /proc, /sys and /dev. What would change the host is read-only.
func kernelFiles() error {
	for _, m := range []struct {
		kind, dir, options string
		flags              uintptr
	}{
		{"proc", "/proc", "", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"sysfs", "/sys", "", unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"tmpfs", "/dev", "mode=755", unix.MS_NOSUID},
		{"tmpfs", "/dev/shm", "mode=1777", unix.MS_NOSUID | unix.MS_NODEV},
		{"devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=620,gid=5", unix.MS_NOSUID | unix.MS_NOEXEC},
		{"tmpfs", "/run", "mode=755", unix.MS_NOSUID | unix.MS_NODEV},
	} {
		if err := mount(m.kind, m.kind, root+m.dir, m.flags, m.options); err != nil {
			return err
		}
	}
	if err := setUpGroups(root + groupRoot); err != nil {
		return err
	}
	for _, device := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := bind("/dev/"+device, false); err != nil {
			return err
		}
	}
	for link, target := range map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(root, "dev", link)); err != nil {
			return err
		}
	}
	return settings()
}

// settings of the kernel can't be changed inside, but for those of the network,
// which are the machine's own.
func settings() error {
	const sys = root + "/proc/sys"
	readOnly := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	writable := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	for _, m := range []struct {
		path       string
		attributes unix.MountAttr
	}{{sys, readOnly}, {sys + "/net", writable}, {root + "/proc/sysrq-trigger", readOnly}} {
		err := unix.Mount(m.path, m.path, "", unix.MS_BIND, "")
		if errors.Is(err, fs.ErrNotExist) { // this kernel has none
			continue
		}
		if err == nil {
			err = unix.MountSetattr(unix.AT_FDCWD, m.path, 0, &m.attributes)
		}
		if err != nil {
			return fmt.Errorf("%s can't be protected: %w", m.path, err)
		}
	}
	return nil
}
