package container

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"nixproc/lib/manager/disnix"
	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/manifest"
	"nixproc/lib/model"
	"nixproc/lib/pidfile"
	"nixproc/lib/run"
	"nixproc/lib/statedir"
)

// directories are those of a profile's processes.
type directories struct {
	statedir.Dirs
	disableUserChange bool
}

// nothing stands for a profile without processes.
var nothing = sysvinit.Manager{Runner: run.Host{}}

// read reads a generation.
func (c Container) read(path string) (deployed, error) {
	name, err := manifest.ManagerOf(path)
	if err != nil {
		return deployed{}, fmt.Errorf("the profile can't be read: %w", err)
	}
	contents, err := manifest.Read(path)
	if err != nil {
		return deployed{}, err
	}
	now := deployed{}
	if contents != nil {
		now.dirs = directoriesOf(contents.Parameters)
	}
	logDir := func() string { return now.dirs.Resolved(runtime.GOOS).Log }
	switch name {
	case "", "sysvinit":
		now.manager = sysvinit.Manager{Runner: run.Host{}, Runlevel: c.Runlevel, LogDir: logDir}
	case "disnix":
		now.manager = disnix.Direct{Runner: run.Host{}, LogDir: logDir}
	default:
		return deployed{}, fmt.Errorf("the profile %s is for %s: this program starts those for sysvinit and disnix only", path, name)
	}
	now.units, err = now.manager.Units(path)
	return now, err
}

func directoriesOf(p model.Parameters) directories {
	text := func(given *string) string {
		if given == nil {
			return ""
		}
		return *given
	}
	return directories{
		Dirs: statedir.Dirs{
			State: text(p.StateDir), Runtime: text(p.RuntimeDir), Log: text(p.LogDir), Tmp: text(p.TmpDir),
			Cache: text(p.CacheDir), Spool: text(p.SpoolDir), Lock: text(p.LockDir), Lib: text(p.LibDir),
		},
		disableUserChange: p.ForceDisableUserChange != nil && *p.ForceDisableUserChange,
	}
}

// writable says whether processes can write where all of them do.
func (d deployed) writable() error {
	var tmpfs []string
	dirs := d.dirs.Resolved(runtime.GOOS)
	for _, dir := range []string{dirs.Runtime, dirs.Log, dirs.Tmp} {
		dir, err := filepath.EvalSymlinks(dir)
		if err == nil && errors.Is(unix.Access(dir, unix.W_OK), unix.EROFS) {
			tmpfs = append(tmpfs, "--tmpfs "+dir)
		}
	}
	if len(d.units) == 0 || len(tmpfs) == 0 {
		return nil
	}
	return fmt.Errorf("nothing can be written here: a container that is started with --read-only needs %s as well", strings.Join(tmpfs, " "))
}

// prepare makes the directories, since an empty volume may be in the place of
// those of the image, and removes the pid files that an earlier run of the
// container has left: numbers begin anew with each, so that any of them is
// another process's soon.
func (d deployed) prepare() error {
	if len(d.units) == 0 {
		return nil
	}
	problems := []error{d.dirs.Create(d.dirs.disableUserChange)}
	boot := pidfile.Booted()
	for _, unit := range d.units {
		info, err := os.Lstat(cmp.Or(unit.PIDFile, "/"))
		if err != nil || info.IsDir() || !info.ModTime().Before(boot) {
			continue
		}
		problems = append(problems, os.Remove(unit.PIDFile))
	}
	return errors.Join(problems...)
}
