package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// commandTimeout bounds each run of nixproc.
const commandTimeout = 4 * time.Minute

// builtBinary builds the command once for a run of the test binary.
var builtBinary = sync.OnceValues(func() (string, error) { return buildBinary("test", "") })

// torturedBinary is one that can be made to end, fail or hang at any point.
var torturedBinary = sync.OnceValues(func() (string, error) { return buildBinary("test", "", "-tags=torture") })

// buildBinary builds the command, as a release would be, from the directory
// that is given ("" for this tree), with more flags.
func buildBinary(version, tree string, flags ...string) (string, error) {
	store, err := sharedStore()
	if err != nil {
		return "", err
	}
	if tree == "" {
		tree = ".."
	}
	dir, err := os.MkdirTemp(store.dir, "bin")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "nixproc")
	cmd := exec.Command("go", slices.Concat([]string{"build", "-trimpath", "-ldflags", "-s -w -X main.version=" + version}, flags, []string{"-o", binary, "./cmd/nixproc"})...)
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// deployment is a place where a test deploys to: directories and a profile of
// its own, below a path with a space in it.
type deployment struct {
	t      *testing.T
	store  *nixStore
	binary string
	dir    string
	env    []string
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	store := newStore(t)
	binary, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	// Short, unlike what testing makes: paths of sockets have at most 107 bytes.
	dir, err := ownDir("npt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	d := &deployment{t: t, store: store, binary: binary, dir: filepath.Join(dir, "a folder")}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.env = append(slices.Clone(store.env), "NIX_USER_PROFILE_DIR="+d.path("profiles"))
	t.Cleanup(d.killAll)
	return d
}

func (d *deployment) path(elements ...string) string {
	return filepath.Join(append([]string{d.dir}, elements...)...)
}

// outcome of a command.
type outcome struct {
	stdout, stderr string
	code           int
}

// nixproc runs the command with the arguments as they are.
func (d *deployment) nixproc(args ...string) outcome {
	d.t.Helper()
	return d.program(d.binary, args...)
}

// switchTo switches to a model, with all state in the deployment's directory.
func (d *deployment) switchTo(args ...string) outcome {
	d.t.Helper()
	return d.nixproc(append([]string{"sysvinit-switch", "--runlevel=3", "--state-dir", d.path("state"), "--force-disable-user-change"}, args...)...)
}

// mustSwitchTo is switchTo for what has to succeed.
func (d *deployment) mustSwitchTo(args ...string) outcome {
	d.t.Helper()
	r := d.switchTo(args...)
	if r.code != 0 {
		d.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

func (d *deployment) program(program string, args ...string) outcome {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = d.dir, d.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatalf("%s %q: %v", program, args, err)
	}
	if ctx.Err() != nil {
		d.t.Fatalf("%s %q did not end within %s\n%s", program, args, commandTimeout, stderr.String())
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must is program for what has to succeed.
func (d *deployment) must(program string, args ...string) outcome {
	d.t.Helper()
	r := d.program(program, args...)
	if r.code != 0 {
		d.t.Fatalf("%s %q: exit code %d\n%s%s", program, args, r.code, r.stdout, r.stderr)
	}
	return r
}

// write makes a file in the deployment's directory and gives its path.
func (d *deployment) write(name, text string) string {
	d.t.Helper()
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// process reads the pid file NAME.pid, and gives the process that it names with
// its start time in clock ticks, which together say which process it is.
func (d *deployment) process(name string) (pid int, start string, alive bool) {
	d.t.Helper()
	for _, dir := range []string{"run", "tmp"} {
		data, err := os.ReadFile(d.path("state", dir, name+".pid"))
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if fields[0] == "Z" {
			continue
		}
		return pid, fields[19], true
	}
	return 0, "", false
}

// killAll ends what a failed test left running: every process whose pid file
// lies in the state directory.
func (d *deployment) killAll() {
	files, _ := filepath.Glob(d.path("state", "*", "*.pid"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && pid > 1 {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// example gives the path of a file below examples/.
func example(t *testing.T, elements ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"..", "examples"}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
