package run

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func sh(script string, args ...string) []string {
	return append([]string{"/bin/sh", "-c", script, "sh"}, args...)
}

func host(t *testing.T, c Command) (Result, error) {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	return Host{}.Run(t.Context(), c)
}

func mustFail(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e
}

func TestOutput(t *testing.T) {
	t.Parallel()
	r, err := host(t, Command{Args: sh(`echo out; echo err >&2; pwd; cat; umask >/dev/null`)})
	if err != nil || r.Stdout != "out\n/\n" || r.Stderr != "err\n" || r.Duration <= 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func TestDirectoryAndEnvironment(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r, err := host(t, Command{Args: []string{"/usr/bin/env"}, Dir: dir, Env: []string{"A=1 2", "B="}})
	if err != nil || r.Stdout != "A=1 2\nB=\n" {
		t.Errorf("the environment is not the one that was given: %q, %v", r.Stdout, err)
	}
	r, err = host(t, Command{Args: []string{"pwd", "-P"}, Dir: dir})
	if err != nil || r.Stdout != dir+"\n" {
		t.Errorf("got %q, %v", r.Stdout, err)
	}
}

// Programs run, and are heard, where no temporary file can be made; the files are
// without names, and for appending, however they are made.
func TestOutputWithoutRoom(t *testing.T) {
	files := map[string]func() (*os.File, error){"removed": removed}
	if runtime.GOOS == "linux" {
		files["in memory"] = inMemory
	}
	for name, make := range files {
		f, err := make()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0)
		if err != nil || errno != 0 || flags&syscall.O_APPEND == 0 || info.Sys().(*syscall.Stat_t).Nlink != 0 {
			t.Errorf("%s: flags %o, %+v (%v)", name, flags, info, err)
		}
	}
	if runtime.GOOS != "linux" {
		t.Skip("output is in temporary files here")
	}
	t.Setenv("TMPDIR", "/nonexistent")
	r, err := host(t, Command{Args: sh("echo out; echo err >&2")})
	if err != nil || r.Stdout != "out\n" || r.Stderr != "err\n" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A script that writes to /dev/stderr truncates the file behind it.
func TestOutputAfterTruncation(t *testing.T) {
	t.Parallel()
	r, err := host(t, Command{Args: sh(`echo something longer >&2; echo two >/dev/stderr; echo three >&2`)})
	if err != nil || r.Stderr != "two\nthree\n" {
		t.Fatalf("got %q, %v", r.Stderr, err)
	}
}

// P12: the error has the command line and the end of stderr.
func TestExitCode(t *testing.T) {
	t.Parallel()
	args := sh(`for i in $(seq 30); do echo line $i; done >&2; printf '\033[31mred\n' >&2; exit 3`)
	_, err := host(t, Command{Args: args})
	e := mustFail(t, err)
	if e.Code != 3 || e.Signal != 0 || e.TimedOut || e.Canceled || Code(err) != 3 {
		t.Errorf("got %+v", e)
	}
	text := err.Error()
	if !strings.HasPrefix(text, Quote(args)+" failed with exit code 3; its last lines:\n  line 12\n") ||
		!strings.HasSuffix(text, "\n  [31mred") {
		t.Errorf("got %q", text)
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	_, err := host(t, Command{Args: sh(`kill -KILL $$`)})
	e := mustFail(t, err)
	if e.Code != -1 || e.Signal != syscall.SIGKILL || e.TimedOut || e.Canceled {
		t.Errorf("got %+v", e)
	}
	if !strings.Contains(err.Error(), "was ended by signal 9 (killed)") {
		t.Errorf("got %q", err)
	}
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "orphan")
	if err := os.WriteFile(script, []byte("#!/nowhere/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		c    Command
		text string
	}{
		{Command{Args: []string{"no-such-program-x"}}, "cannot run no-such-program-x: "},
		{Command{Args: []string{"no-such-program-x"}}, "add its directory to PATH"},
		{Command{Args: []string{dir + "/gone"}}, "no such file"},
		{Command{Args: []string{dir}}, "permission denied"},
		{Command{Args: []string{"true"}, Dir: dir + "/gone"}, "the working directory " + dir + "/gone does not exist"},
		{Command{Args: []string{script}}, "interpreter that it names is missing"},
		{Command{}, "no program was given"},
		{Command{Args: []string{"true"}, Log: dir + "/gone/log"}, "cannot open the log"},
	} {
		_, err := host(t, test.c)
		if e := mustFail(t, err); e.Code != -1 || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%q: got %q, want %q in it", test.c.Args, err, test.text)
		}
	}
	_, err := host(t, Command{Args: []string{dir + "/gone"}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// DESIGN: no descriptor of ours is inherited, with and without a gate.
func TestNoDescriptorInherited(t *testing.T) {
	t.Parallel()
	lock, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, started := range []func(int) error{nil, func(int) error { return nil }} {
		listing, fds := descriptors(t, started)
		if fds != "0 1 2" {
			t.Errorf("the child has descriptors %s:\n%s", fds, listing)
		}
	}
}

// descriptors are those that a program finds open.
func descriptors(t *testing.T, started func(int) error) (listing, fds string) {
	t.Helper()
	r, err := host(t, Command{Args: []string{"/bin/ls", "-l", "/proc/self/fd"}, Started: started})
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, line := range strings.Split(r.Stdout, "\n") {
		// ls's own descriptor on the directory is the one that is allowed
		if left, target, ok := strings.Cut(line, " -> "); ok && !strings.HasPrefix(target, "/proc/") {
			numbers = append(numbers, left[strings.LastIndex(left, " ")+1:])
		}
	}
	return r.Stdout, strings.Join(numbers, " ")
}

// A lock that a script around us holds open is not handed on to daemons.
func TestNoDescriptorOfCallerInherited(t *testing.T) {
	t.Parallel()
	if os.Getenv("RUN_TEST_CALLED") != "" {
		if content("/proc/self/fdinfo/3") == "" {
			t.Fatal("this process did not get the descriptor that the test is about")
		}
		if listing, fds := descriptors(t, nil); fds != "0 1 2" {
			t.Fatalf("the child has descriptors %s:\n%s", fds, listing)
		}
		return
	}
	lock, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	inner := exec.Command(os.Args[0], "-test.run=^TestNoDescriptorOfCallerInherited$", "-test.timeout=30s", "-test.v")
	inner.Env = append(os.Environ(), "RUN_TEST_CALLED=1")
	inner.ExtraFiles = []*os.File{lock}
	if out, err := inner.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "the log")
	for range 2 {
		_, err := host(t, Command{Args: sh(`echo "$0 $1"; exit 7`, "x"), Log: log})
		if e := mustFail(t, err); e.Code != 7 || e.Tail != "sh x" {
			t.Errorf("got %+v", e)
		}
		if !strings.Contains(err.Error(), "; the end of "+log+":\n  sh x") {
			t.Errorf("got %q", err)
		}
	}
	info, err := os.Stat(log)
	if err != nil || info.Mode() != 0o640 || content(log) != "sh x\nsh x\n" {
		t.Errorf("got %v, %v, %q", info.Mode(), err, content(log))
	}
}

func TestLogRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim, link, fifo := dir+"/victim", dir+"/link", dir+"/fifo"
	if err := errors.Join(os.WriteFile(victim, []byte("mine"), 0o644), os.Symlink(victim, link), syscall.Mkfifo(fifo, 0o644)); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		link: "is a symbolic link: remove it", fifo: "is no regular file", dir: "is a directory",
	} {
		_, err := host(t, Command{Args: sh(`echo evil; touch "$1"`, dir+"/ran"), Log: path})
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if _, err := os.Stat(dir + "/ran"); err == nil || content(victim) != "mine" {
		t.Error("the program ran all the same")
	}
}
