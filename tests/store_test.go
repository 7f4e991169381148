// Package tests holds the tests that need more than one package: Nix code,
// shell code, real programs, whole deployments. It must not be imported, and
// its tests must not touch the machine's own store, users or services.
//
// Nix runs against a private store, one for a run of the test binary: see
// newStore.
package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nixproc/lib/testmachine"
)

// nixTimeout bounds each run of Nix.
const nixTimeout = 5 * time.Minute

// nixStore is a private Nix store. What is built in it stays until the test
// binary ends, so tests share what they build from the same expressions.
type nixStore struct {
	dir string   // readable for all, as other users run programs from it
	env []string // the environment in which Nix uses this store, and hostpkgs as <nixpkgs>
}

// sharedStore makes the store on first use. madeStore is the same one, for
// TestMain, which must not make one.
var (
	sharedStore = sync.OnceValues(makeStore)
	madeStore   *nixStore
)

func TestMain(m *testing.M) {
	testmachine.Inside()
	if os.Getenv(janitorVariable) != "" {
		tidy()
		os.Exit(0)
	}
	// What programs leave in the directory for temporary files goes with it.
	temporary, err := ownDir("nptmp")
	if err == nil {
		err = errors.Join(os.Chmod(temporary, 0o755), os.Setenv("TMPDIR", temporary))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	dirs := []string{temporary}
	if madeStore != nil {
		dirs = append(dirs, madeStore.dir)
	}
	for _, dir := range dirs {
		if err := removeTree(dir); err != nil {
			fmt.Fprintf(os.Stderr, "cannot remove %s: %v\n", dir, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// newStore returns the private store that all tests of this run share, made on
// first use. It skips the test on a machine without Nix.
func newStore(t *testing.T) *nixStore {
	t.Helper()
	if _, err := exec.LookPath("nix-build"); err != nil {
		t.Skip("Nix is not installed")
	}
	s, err := sharedStore()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func makeStore() (*nixStore, error) {
	// Short and without blanks: store paths end up in sockets' names and in first lines of scripts.
	dir, err := ownDir("np")
	if err != nil {
		return nil, err
	}
	s := &nixStore{dir: dir}
	madeStore = s
	conf := filepath.Join(dir, "etc")
	if err := os.MkdirAll(conf, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	settings := "build-users-group =\nsandbox = false\nsubstitute = false\n"
	if err := os.WriteFile(filepath.Join(conf, "nix.conf"), []byte(settings), 0o644); err != nil {
		return nil, err
	}
	pkgs, err := filepath.Abs("../nixproc/hostpkgs")
	if err != nil {
		return nil, err
	}
	for _, kept := range []string{"PATH", "GOROOT", "USER", "LOGNAME"} {
		if value, set := os.LookupEnv(kept); set {
			s.env = append(s.env, kept+"="+value)
		}
	}
	// Whoever builds the program takes what is compiled already.
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	s.env = append(s.env, "GOCACHE="+strings.TrimSpace(string(cache)))
	s.env = append(s.env,
		"HOME="+dir,
		"NIX_STORE_DIR="+dir+"/store",
		"NIX_STATE_DIR="+dir+"/var/nix",
		"NIX_LOG_DIR="+dir+"/var/log",
		"NIX_CONF_DIR="+conf,
		"NIX_PATH=nixpkgs="+pkgs,
	)
	// Two Nix processes that both make the database get in each other's way.
	if _, err := s.nix(nil, "nix-store", "--init"); err != nil {
		return nil, err
	}
	return s, nil
}

// removeTree removes a directory, with those below it that are not writable, as those
// of a store are not.
func removeTree(dir string) error {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// nix runs a program of Nix in the store's environment, changed by extra, and
// returns its standard output without the last newline. An error holds what
// the program said on stderr.
func (s *nixStore) nix(extra []string, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), nixTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(append([]string{}, s.env...), extra...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %q: %w\n%s", program, args, err, stderr.String())
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// tryBuild builds the expression, in which `pkgs` is hostpkgs, and returns its store path.
func (s *nixStore) tryBuild(expr string, options ...string) (string, error) {
	args := append([]string{"--no-out-link", "-E", "let pkgs = import <nixpkgs> {}; in " + expr}, options...)
	return s.nix(nil, "nix-build", args...)
}

// build is tryBuild for what has to succeed.
func (s *nixStore) build(t *testing.T, expr string, options ...string) string {
	t.Helper()
	path, err := s.tryBuild(expr, options...)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// buildFails checks that a build fails with a message that contains want.
func (s *nixStore) buildFails(t *testing.T, expr, want string) {
	t.Helper()
	path, err := s.tryBuild(expr)
	if err == nil {
		t.Fatalf("%s was built as %s, want a failure", expr, path)
	}
	if !strings.Contains(err.Error(), want) {
		t.Fatalf("the message of a failed build lacks %q:\n%v", want, err)
	}
}

// eval evaluates the expression, in which `pkgs` is hostpkgs, to JSON.
func (s *nixStore) eval(t *testing.T, expr string) string {
	t.Helper()
	json, err := s.nix(nil, "nix-instantiate", "--eval", "--strict", "--json", "-E", "let pkgs = import <nixpkgs> {}; in "+expr)
	if err != nil {
		t.Fatal(err)
	}
	return json
}

// read returns a file's contents.
func read(t *testing.T, elem ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// nextPort is where freePorts goes on looking. It begins somewhere, since another
// run of the tests may be at work.
var nextPort = func() *atomic.Uint32 {
	var first atomic.Uint32
	first.Store(rand.Uint32())
	return &first
}()

// freePorts gives n TCP ports that nobody listens on and that were not given
// before. They are below those that the kernel hands out by itself: see
// ip_local_port_range in ip(7).
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	const lowest, number = 10000, 20000
	var ports []int
	for range number {
		port := lowest + int(nextPort.Add(1)%number)
		listener, err := net.Listen("tcp", fmt.Sprint(":", port))
		if err != nil {
			continue
		}
		listener.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatal("there are no free ports")
	return nil
}

// portsInARow gives the first of n such ports in a row.
func portsInARow(t *testing.T, n int) int {
	t.Helper()
	for range 1000 {
		ports := freePorts(t, 1)
		for nextPort.Add(uint32(n)); len(ports) < n; {
			listener, err := net.Listen("tcp", fmt.Sprint(":", ports[0]+len(ports)))
			if err != nil {
				break
			}
			listener.Close()
			ports = append(ports, ports[0]+len(ports))
		}
		if len(ports) == n {
			return ports[0]
		}
	}
	t.Fatalf("there are no %d free ports in a row", n)
	return 0
}

// copyTree copies a directory of plain files, as an expression's folder is.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
