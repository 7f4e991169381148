package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// place is where everything happens: a directory with a private store, a
// profile, and the state of the processes.
type place struct {
	dir    string
	tree   string // this project
	env    []string
	binary string // nixproc, in the store
	round  int    // of models that were built
}

func newPlace(parent string) (*place, error) {
	tree, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(tree, "tests/bench/model/processes.nix")); err != nil {
		return nil, fmt.Errorf("run it from the top directory of the tree: %w", err)
	}
	// Short and without blanks, which the older tools can't cope with.
	dir, err := os.MkdirTemp(parent, "npb")
	if err != nil {
		return nil, err
	}
	p := &place{dir: dir, tree: tree}
	for _, kept := range []string{"PATH", "GOROOT", "USER", "LOGNAME"} {
		if value, set := os.LookupEnv(kept); set {
			p.env = append(p.env, kept+"="+value)
		}
	}
	p.env = append(p.env,
		"HOME="+p.path("home"),
		"TMPDIR="+p.path("scratch"),
		"NIX_STORE_DIR="+p.path("store"),
		"NIX_STATE_DIR="+p.path("var"),
		"NIX_LOG_DIR="+p.path("log"),
		"NIX_CONF_DIR="+p.path("etc"),
		"NIX_PATH=nixpkgs="+filepath.Join(tree, "nixproc/hostpkgs"),
	)
	if err := p.fill(); err != nil {
		return nil, errors.Join(err, p.remove())
	}
	return p, nil
}

func (p *place) fill() error {
	for _, directory := range []string{"home", "scratch", "etc", "model", "bin"} {
		if err := os.MkdirAll(p.path(directory), 0o755); err != nil {
			return err
		}
	}
	for _, file := range []string{"processes.nix", "idle.c"} {
		data, err := os.ReadFile(filepath.Join(p.tree, "tests/bench/model", file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(p.path("model", file), data, 0o644); err != nil {
			return err
		}
	}
	configuration := "build-users-group =\nsandbox = false\nsubstitute = false\n"
	return os.WriteFile(p.path("etc", "nix.conf"), []byte(configuration), 0o644)
}

func (p *place) path(elements ...string) string {
	return filepath.Join(append([]string{p.dir}, elements...)...)
}

// frameworks gives what is to be measured, ours first.
func (p *place) frameworks(ctx context.Context, s settings) ([]framework, error) {
	if err := p.install(ctx); err != nil {
		return nil, err
	}
	found := []framework{ours(p, "sysvinit", s.jobs, "--runlevel", "3")}
	if s.old != "" {
		old, err := theirs(p, s.old)
		if err != nil {
			return nil, err
		}
		found = append(found, old)
	}
	return found, nil
}

// install builds nixproc as a release is, and puts it into the store.
func (p *place) install(ctx context.Context) error {
	built := p.path("bin", "nixproc")
	build := command{
		args: []string{"go", "build", "-C", p.tree, "-trimpath", "-ldflags", "-s -w", "-o", built, "./cmd/nixproc"},
		env:  append(os.Environ(), "CGO_ENABLED=0"),
	}
	if _, err := build.run(ctx); err != nil {
		return err
	}
	r, err := p.command("nix-store", "--add", built).run(ctx)
	p.binary = r.stdout
	return err
}

func (p *place) command(args ...string) command { return command{args: args, env: p.env} }

// killAll ends every process that runs a program of the private store, and
// waits until they are gone.
func (p *place) killAll() {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if p.signalAll(syscall.SIGKILL) == 0 {
			return
		}
	}
}

func (p *place) signalAll(signal syscall.Signal) (found int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		executable, err := os.Readlink("/proc/" + entry.Name() + "/exe")
		if err == nil && strings.HasPrefix(executable, p.path("store")+"/") {
			found++
			syscall.Kill(pid, signal)
		}
	}
	return found
}

// remove ends what runs and deletes everything.
func (p *place) remove() error {
	p.killAll()
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755) // directories in a store are not writable
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(p.dir))
}
