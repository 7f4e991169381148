package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The variables by which a test tells the daemon, this very binary under
// another name, what to do.
const (
	daemonMode    = "INITFUNCTIONS_DAEMON"  // fork, run or leaderless
	daemonPIDFile = "INITFUNCTIONS_PIDFILE" // where it writes its process ID
	daemonLog     = "INITFUNCTIONS_LOG"     // one line per start and signal
	daemonOnTerm  = "INITFUNCTIONS_ONTERM"  // delay before it obeys TERM, or "ignore"
	daemonComm    = "INITFUNCTIONS_COMM"    // command name that it gives itself
	daemonOwner   = "INITFUNCTIONS_OWNER"   // the test's directory, to find leftovers
)

const lifetime = 5 * time.Minute

// init makes the test binary a daemon when the environment says so. Nothing
// lives longer than lifetime.
func init() {
	switch os.Getenv(daemonMode) {
	case "":
		return
	case "fork":
		path := os.Getenv(daemonPIDFile)
		if _, err := os.Lstat(path); err == nil {
			os.Exit(1) // like many a real one, it takes a file for a daemon
		}
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Env = append(os.Environ(), daemonMode+"=run")
		child.Stdin = os.Stdin
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			os.Exit(1)
		}
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if text, _ := os.ReadFile(path); strings.TrimSpace(string(text)) == strconv.Itoa(child.Process.Pid) {
				os.Exit(0)
			}
		}
		os.Exit(1)
	case "leaderless":
		runtime.LockOSThread()
		go func() { time.Sleep(lifetime); os.Exit(0) }()
		syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
	case "run":
		runDaemon()
	}
	os.Exit(0)
}

func runDaemon() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM)
	if name := os.Getenv(daemonComm); name != "" {
		os.WriteFile("/proc/self/comm", []byte(name), 0o644)
	}
	daemonNote("start")
	if path := os.Getenv(daemonPIDFile); path != "" {
		os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o644)
	}
	end := time.After(lifetime)
	for {
		select {
		case <-end:
			return
		case got := <-signals:
			daemonNote(got.String())
			if got != syscall.SIGTERM || os.Getenv(daemonOnTerm) == "ignore" {
				continue
			}
			delay, _ := time.ParseDuration(os.Getenv(daemonOnTerm))
			time.Sleep(delay)
			return
		}
	}
}

func daemonNote(line string) {
	file, err := os.OpenFile(os.Getenv(daemonLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		fmt.Fprintln(file, line)
		file.Close()
	}
}

// initEnv is one shell with the init functions filled in for a directory of its
// own, whose path has a space and a dollar sign in it.
type initEnv struct {
	t     *testing.T
	shell string
	dir   string
	env   []string // for scripts, and so for daemons
}

// eachShell runs a test in every shell that is here, side by side.
func eachShell(t *testing.T, test func(t *testing.T, e *initEnv)) {
	t.Parallel()
	for _, name := range []string{"bash", "dash"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shell, err := exec.LookPath(name)
			if err != nil {
				t.Skipf("no %s here", name)
			}
			test(t, newInitEnv(t, shell))
		})
	}
}

func newInitEnv(t *testing.T, shell string) *initEnv {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("the init functions are tested against Linux's /proc, which is not here")
	}
	e := &initEnv{t: t, shell: shell, dir: filepath.Join(t.TempDir(), "a $b")}
	for _, sub := range []string{"bin", "run", "base"} {
		if err := os.MkdirAll(filepath.Join(e.dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(e.killLeftovers)
	text, err := os.ReadFile("../nixproc/backends/sysvinit/init-functions.sh")
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("@shell@", shell, "@path@", e.path("base"), "@runtimeDir@", e.path("run")).Replace(string(text))
	e.write("init-functions", filled)
	e.env = append(os.Environ(), daemonOwner+"="+e.dir, "KILLDELAY=5", daemonMode+"=fork", daemonLog+"="+e.path("log"))
	return e
}

func (e *initEnv) path(elem ...string) string {
	return filepath.Join(append([]string{e.dir}, elem...)...)
}

func (e *initEnv) write(name, text string) string {
	e.t.Helper()
	if err := os.WriteFile(e.path(name), []byte(text), 0o755); err != nil {
		e.t.Fatal(err)
	}
	return e.path(name)
}

func (e *initEnv) log() string {
	text, _ := os.ReadFile(e.path("log"))
	return string(text)
}

// program makes the test binary callable by a name of the test's choice.
func (e *initEnv) program(name string) string {
	e.t.Helper()
	self, err := os.Executable()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.Symlink(self, e.path("bin", name)); err != nil {
		e.t.Fatal(err)
	}
	return e.path("bin", name)
}

// scriptResult is the outcome of a script.
type scriptResult struct {
	out, err string
	code     int
}

// run executes shell text after sourcing the functions. $D is the directory,
// extra entries of the environment may follow.
func (e *initEnv) run(body string, env ...string) scriptResult {
	e.t.Helper()
	script := e.write("script", ". \"$D/init-functions\"\n"+body)
	return e.command(append(env, "D="+e.dir), e.shell, script)
}

func (e *initEnv) command(env []string, name string, args ...string) scriptResult {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append([]string{}, e.env...), env...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &stderr, time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		e.t.Fatalf("%s: %v", name, err)
	}
	return scriptResult{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want runs a script and checks its exit code and what it prints.
func (e *initEnv) want(code int, out, body string, env ...string) {
	e.t.Helper()
	if got := e.run(body, env...); got.code != code || got.out != out {
		e.t.Errorf("%s\n got exit %d, stdout %q, stderr %q\nwant exit %d, stdout %q", body, got.code, got.out, got.err, code, out)
	}
}

// spawn starts a process that is a child of the test; reap it with Wait, or
// leave it to the end of the test.
func (e *initEnv) spawn(env []string, path string, args ...string) *exec.Cmd {
	e.t.Helper()
	cmd := &exec.Cmd{Path: path, Args: args, Env: append(append([]string{}, e.env...), env...)}
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// stranger is a running program that has nothing to do with any service.
func (e *initEnv) stranger() *exec.Cmd {
	e.t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		e.t.Skip("no sleep here")
	}
	return e.spawn(nil, sleep, "sleep", fmt.Sprint(lifetime.Seconds()))
}

// pidOf reads a pid file that a daemon has written.
func (e *initEnv) pidOf(path string) int {
	e.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		e.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		e.t.Fatal(err)
	}
	return pid
}

// processState is the letter of a process's state, "" when there is none.
func processState(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}

// alive says whether a process runs; a zombie does not.
func alive(pid int) bool { return processState(pid) != "" && processState(pid) != "Z" }

// killLeftovers ends whatever carries this test's directory in its environment.
func (e *initEnv) killLeftovers() {
	mark := []byte(daemonOwner + "=" + e.dir + "\x00")
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		if text, _ := os.ReadFile(path); bytes.Contains(text, mark) {
			if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))); pid > 1 && pid != os.Getpid() {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}
