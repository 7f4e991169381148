package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"nixproc/lib/accounts"
	"nixproc/lib/flakeref"
	"nixproc/lib/manager"
	"nixproc/lib/manager/supervisord"
	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/manifest"
	"nixproc/lib/manifestxml"
	"nixproc/lib/profile"
	"nixproc/lib/run"
	"nixproc/nixeval"
	"nixproc/nixproc"
)

// What the commands have to know of this machine.

func locate(name string) (profile.Profile, error) {
	where, err := profile.Locate(name, os.Getenv, os.Getuid(), nil)
	if err != nil {
		return where, usageError{err.Error()}
	}
	return where, nil
}

func (s *session) newManager(name string, o *options) (manager.Manager, error) {
	switch name {
	case "s6-rc":
		return newS6rc(o)
	case "docker":
		return newDocker(o)
	case "bsdrc":
		return newBsdrc(o)
	case "cygrunsrv":
		return newCygrunsrv(o)
	case "launchd":
		return s.newLaunchd(o)
	case "disnix":
		return newDisnix(o)
	case "sysvinit":
		runlevel := o.runlevel
		if runlevel == "" {
			runlevel = machineRunlevel(s.ctx, run.Host{})
		}
		return sysvinit.Manager{Runner: run.Host{}, Runlevel: runlevel, LogDir: o.logDir}, nil
	case "systemd":
		return newSystemd(o)
	case "supervisord":
		return newSupervisord(o)
	}
	return nil, unknownManager(name, managers)
}

// newSupervisord takes the configuration's directory from the environment, as
// the older tools did: there is no usual place that all systems share.
func newSupervisord(o *options) (manager.Manager, error) {
	name := o.profile
	if name == "" { // a command that has no profile, nor installs one
		return supervisord.Manager{}, nil
	}
	where, err := locate(name)
	if err != nil {
		return nil, err
	}
	dir := os.Getenv("SUPERVISORD_CONF_DIR")
	if dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
	}
	return supervisord.Manager{ConfDir: dir, Profile: where.Path(), StoreDir: nixeval.StoreDir(), Seen: filepath.Join(where.WorkDir(), "supervisord-seen.json")}, nil
}

// usualRunlevel is taken where the machine has none, or does not know it.
const usualRunlevel = "3"

// machineRunlevel asks runlevel(8), which prints the previous and the current
// one.
func machineRunlevel(ctx context.Context, runner run.Runner) string {
	if _, err := exec.LookPath("runlevel"); err != nil {
		return usualRunlevel
	}
	result, err := runner.Run(ctx, run.Command{Args: []string{"runlevel"}})
	words := strings.Fields(result.Stdout)
	if err != nil || len(words) < 2 {
		return usualRunlevel
	}
	return words[1]
}

// accountsOf this machine; nil where they are to be left alone: on demand, and
// with Disnix, since Dysnomia sees to them.
func accountsOf(o *options, managerName string) accounts.Database {
	if o.disableUserChange || managerName == "disnix" {
		return nil
	}
	switch runtime.GOOS {
	case "darwin":
		return accounts.Darwin{Runner: run.Host{}}
	case "freebsd":
		return accounts.FreeBSD{Runner: run.Host{}}
	}
	return accounts.Linux{Runner: run.Host{}}
}

// cacheDir is where files are kept that can be made again at any time; "" if
// there is no place for them.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "nixproc")
}

func builderCache() string {
	if dir := cacheDir(); dir != "" {
		return filepath.Join(dir, "builder.json")
	}
	return ""
}

func newNix(ctx context.Context) (nixeval.Nix, error) {
	nix := nixeval.Nix{Runner: run.Host{}, Notes: notes{}}
	var err error
	nix.Builder, err = nixeval.EnsureBuilder(ctx, nix.Runner, builderCache())
	return nix, err
}

// request fills in what the options and this machine say of an evaluation.
func request(o *options, manager string, model nixeval.Source) (nixeval.Request, error) {
	r := nixeval.Request{
		Source: model, Manager: manager,
		StateDir: o.dirs.State, RuntimeDir: o.dirs.Runtime, LogDir: o.dirs.Log, CacheDir: o.dirs.Cache,
		SpoolDir: o.dirs.Spool, LockDir: o.dirs.Lock, LibDir: o.dirs.Lib, TmpDir: o.dirs.Tmp,
		ForceDisableUserChange: o.disableUserChange,
		ExtraParams:            o.extraParams,
		HostPackages:           o.hostPackagesDir,
		ShowTrace:              o.showTrace,
	}
	caller, err := user.Current()
	if err != nil {
		return r, err
	}
	r.CallingUser, r.CallingGroup = caller.Username, caller.Gid
	if group, err := user.LookupGroupId(caller.Gid); err == nil {
		r.CallingGroup = group.Name
	}
	return r, nil
}

// writeHostPackages puts the Nix files that stand for Nixpkgs into a new
// directory.
func writeHostPackages(dir string) (string, error) {
	dir = filepath.Join(dir, "host")
	return filepath.Join(dir, "hostpkgs"), writeNixFiles(dir, nixproc.HostPackages...)
}

// writeNixFiles is writeFiles for those of the framework.
func writeNixFiles(dir string, paths ...string) error {
	return writeFiles(dir, nixproc.Files, paths...)
}

// writeFiles puts files of this program into a directory: those at or below the
// paths.
func writeFiles(dir string, files embed.FS, paths ...string) error {
	for _, path := range paths {
		err := fs.WalkDir(files, path, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := files.ReadFile(path)
			if err != nil {
				return err
			}
			target := filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o644)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// modelOf tells what the operand, or NIXPROC_PROCESSES, is: a model, or a profile
// that was built before.
func modelOf(operands []string) (model nixeval.Source, prebuilt bool, err error) {
	if len(operands) > 1 {
		return model, false, usageError{"one PATH is enough: " + strings.Join(operands, ", ")}
	}
	path := os.Getenv("NIXPROC_PROCESSES")
	if len(operands) == 1 {
		path = operands[0]
	}
	if path == "" {
		return model, false, usageError{"no processes model was given: name its file, or set NIXPROC_PROCESSES"}
	}
	if _, err := os.Lstat(path); err != nil && flakeref.Is(path) {
		ref, err := flakeref.Parse(path)
		if err != nil {
			err = &nixeval.ModelError{Text: err.Error()}
		}
		return nixeval.Source{Flake: &ref}, false, err
	}
	model.ExprFile, prebuilt, err = fileOrProfile(path)
	return model, prebuilt, err
}

func fileOrProfile(path string) (_ string, prebuilt bool, err error) {
	resolved, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return "", false, &nixeval.ModelError{Text: path + " does not exist: it should be a processes model, a profile, or an output of a flake such as .#NAME"}
	case err != nil:
		return "", false, &nixeval.ModelError{Text: fmt.Sprintf("%s can't be read: %v", path, err)}
	}
	if path, err = filepath.Abs(resolved); err != nil {
		return "", false, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", false, err
	}
	if !info.IsDir() {
		if manifestxml.Is(path) {
			return path, true, checkManifest(path)
		}
		return path, false, nil
	}
	// As Nix does with a directory that is an expression.
	if _, err := os.Stat(filepath.Join(path, "default.nix")); err == nil {
		return path, false, nil
	}
	return path, true, checkProfile(path)
}

// checkBuilt refuses what is neither of the two that were built before.
func checkBuilt(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return checkProfile(path)
	case manifestxml.Is(path):
		return checkManifest(path)
	}
	return &nixeval.ModelError{Text: path + " is a file, but no profile"}
}

// checkManifest refuses manifests of Disnix that can't be a generation.
func checkManifest(path string) error {
	if filepath.Dir(path) != filepath.Clean(nixeval.StoreDir()) {
		return &nixeval.ModelError{Text: path + " is a manifest of Disnix, but not in " + nixeval.StoreDir() + " (nixproc build -P disnix makes one)"}
	}
	if _, err := manifestxml.Read(path); err != nil {
		return &nixeval.ModelError{Text: err.Error()}
	}
	return nil
}

// checkProfile refuses directories that nothing could be deployed from. An
// empty one is a profile without processes.
func checkProfile(path string) error {
	if filepath.Dir(path) != filepath.Clean(nixeval.StoreDir()) {
		return &nixeval.ModelError{Text: path + " is a directory, but no profile: a profile is a path in " + nixeval.StoreDir() + " (nixproc build makes one)"}
	}
	owner, err := manifest.ManagerOf(path)
	if err != nil {
		return &nixeval.ModelError{Text: err.Error()}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return &nixeval.ModelError{Text: fmt.Sprintf("%s can't be read: %v", path, err)}
	}
	if owner == "" && len(entries) > 0 {
		return &nixeval.ModelError{Text: path + " is no profile: it has no files of a process manager (nixproc build makes a profile)"}
	}
	return nil
}
