package testmachine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// While the machine's files are put together, they are on the host's /sys, which
// every Linux has and nothing is needed of: scratch is what the machine can't see.
const (
	scratch = "/sys"
	root    = scratch + "/root"
)

// setUp makes the calling process, the first one in its namespaces, a machine.
func setUp(spec Spec) error {
	// A namespace of control groups is a thread's, and kept by exec.
	runtime.LockOSThread()
	unix.Umask(0)
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return mount("tmpfs", "tmpfs", scratch, 0, "mode=755") },
		func() error { return mount("tmpfs", "tmpfs", root, 0, "mode=755") },
		programs,
		kernelFiles,
		ownFiles,
		stores,
		func() error { return visible(spec) },
		func() error { return unix.Sethostname([]byte(hostName)) },
		loopback,
		pivot,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	unix.Umask(0o022)
	return nil
}

const hostName = "machine" // as in NixOS' own tests

// mount mounts a file system in a directory, which it makes.
func mount(kind, source, target string, flags uintptr, options string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("%s can't be mounted in %s: %w", kind, target, err)
	}
	return nil
}

// bind makes a file or directory of the host visible in the machine by the same
// path, with all that is mounted in it.
func bind(path string, readOnly bool) error {
	target := filepath.Join(root, path)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		err = os.WriteFile(target, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(path, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("%s can't be mounted in %s: %w", path, target, err)
	}
	if readOnly {
		attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(unix.AT_FDCWD, target, unix.AT_RECURSIVE, &attributes); err != nil {
			return fmt.Errorf("%s can't be mounted read-only: %w", target, err)
		}
	}
	return nil
}

// programs are those of the host, with their settings.
func programs() error {
	for _, pattern := range []string{"/usr", "/bin", "/sbin", "/lib*", "/opt"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, path := range paths {
			if target, err := os.Readlink(path); err != nil {
				err = bind(path, true)
				if err != nil {
					return err
				}
			} else if err := os.Symlink(target, root+path); err != nil {
				return err
			}
		}
	}
	return overlay("/etc")
}

// visible makes what the machine's user asked for visible.
func visible(spec Spec) error {
	if err := bind(spec.Dir, false); err != nil {
		return err
	}
	for _, dir := range spec.Path {
		dirs := []string{dir}
		if base := filepath.Base(dir); base == "bin" || base == "sbin" {
			// Programs may need what was installed with them.
			for _, sibling := range []string{"lib", "libexec", "share"} {
				dirs = append(dirs, filepath.Join(dir, "..", sibling))
			}
		}
		for _, dir := range dirs {
			if _, err := os.Stat(filepath.Join(root, dir)); err == nil {
				continue // as in a package, or /usr
			}
			if err := bind(dir, true); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// pivot makes the machine's files all that there is.
func pivot() error {
	const old = "/old"
	if err := os.Mkdir(root+old, 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(root, root+old); err != nil {
		return fmt.Errorf("no root directory: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount(old, unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Remove(old)
}

func loopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("the network device lo can't be used: %w", err)
	}
	return nil
}
