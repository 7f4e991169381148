package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// webappEnv is a webapp in a directory of its own, with a port of its own.
type webappEnv struct {
	t       *testing.T
	program string
	dir     string
	port    int
	pidFile string
}

func newWebapp(t *testing.T) *webappEnv {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "webapp")
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler")
	}
	out, err := exec.Command("cc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, "../webapp/webapp.c").CombinedOutput()
	if err != nil {
		t.Fatalf("cannot compile the webapp: %v\n%s", err, out)
	}
	return &webappEnv{t: t, program: program, dir: dir, port: freePorts(t, 1)[0], pidFile: filepath.Join(dir, "web app.pid")}
}

// run runs the webapp to its end, or that of the daemon's parent, and returns
// exit code and stderr.
func (w *webappEnv) run(env []string, args ...string) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// The daemon would hold a pipe open, so stderr is a file.
	stderr, err := os.CreateTemp(w.dir, "stderr")
	if err != nil {
		w.t.Fatal(err)
	}
	defer stderr.Close()
	cmd := exec.CommandContext(ctx, w.program, args...)
	cmd.Env, cmd.Stderr, cmd.Dir = env, stderr, w.dir
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || ctx.Err() != nil {
			w.t.Fatalf("webapp %q: %v", args, err)
		}
	}
	return cmd.ProcessState.ExitCode(), read(w.t, stderr.Name())
}

func (w *webappEnv) env(more ...string) []string {
	return append([]string{fmt.Sprintf("PORT=%d", w.port), "PID_FILE=" + w.pidFile}, more...)
}

// daemon starts the webapp as a daemon, which must succeed, and returns its
// process ID as the PID file has it right then.
func (w *webappEnv) daemon(more ...string) int {
	w.t.Helper()
	if code, stderr := w.run(w.env(more...), "-D"); code != 0 || stderr != "" {
		w.t.Fatalf("webapp -D ended with %d: %s", code, stderr)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(read(w.t, w.pidFile)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
	return pid
}

// get returns status and body of the page at a path.
func (w *webappEnv) get(host, path string) (int, string) {
	w.t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + net.JoinHostPort(host, strconv.Itoa(w.port)) + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// patience is how long tests wait for what has to come: a machine may have many
// more of them to run at the same time than it has processors.
const patience = time.Minute

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %s still not so: %s", patience, what)
		}
	}
}

// When -D returns, the daemon answers, its PID file is written, and it is a
// daemon in the sense of daemon(7).
func TestWebappDaemon(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	pid := w.daemon("MESSAGE=<hello> & goodbye")

	want := fmt.Sprintf("listening on port: %d", w.port)
	hosts := []string{"127.0.0.1"}
	if listener, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		listener.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		status, body := w.get(host, "/some/where?x=y")
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("GET from %s: status %d, page without %q:\n%s", host, status, want, body)
		}
		if !strings.Contains(body, "&lt;hello&gt; &amp; goodbye") {
			t.Errorf("the page does not show the message as text:\n%s", body)
		}
	}

	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		t.Skip("this host has no /proc to look at a process with")
	}
	if cwd != "/" {
		t.Errorf("the daemon's directory is %s, want /", cwd)
	}
	for fd := range 3 {
		if target, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); target != "/dev/null" {
			t.Errorf("descriptor %d of the daemon is %q, want /dev/null", fd, target)
		}
	}
	// After the command's name, which may hold anything: state, parent, group, session.
	_, stat, _ := strings.Cut(read(t, fmt.Sprintf("/proc/%d/stat", pid)), ") ")
	fields := strings.Fields(stat)
	if session := fields[3]; session == strconv.Itoa(pid) || session == strconv.Itoa(syscall.Getpgrp()) {
		t.Errorf("the daemon's session is %s; want one that is neither the test's nor led by the daemon (%d)", session, pid)
	}
}

func TestWebappEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		w := newWebapp(t)
		pid := w.daemon()
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if status, _ := w.get("127.0.0.1", "/"); status != http.StatusOK {
			t.Errorf("after HUP the daemon answers %d", status)
		}
		// A connection that is open does not delay the end.
		idle, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(w.port)))
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		start := time.Now()
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("the PID file is gone after %v", signal), func() bool {
			_, err := os.Stat(w.pidFile)
			return errors.Is(err, os.ErrNotExist)
		})
		eventually(t, "the daemon is gone", func() bool { return !alive(pid) })
		if took := time.Since(start); took > 8*time.Second { // it waits 10 s for a request
			t.Errorf("it took %v to end after %v", took, signal)
		}
		// The port is free again at once, in spite of connections in TIME_WAIT.
		w.daemon()
	}
}

func TestWebappForeground(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	cmd := exec.Command(w.program)
	cmd.Env = w.env()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	eventually(t, "the webapp listens", func() bool {
		connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(w.port)))
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	if _, body := w.get("127.0.0.1", "/"); strings.Count(body, "<p>") != 1 {
		t.Errorf("without MESSAGE the page should have one line:\n%s", body)
	}
	if _, err := os.Stat(w.pidFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a foreground process wrote a PID file (%v)", err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after TERM: %v, %s", err, stderr.String())
	}
}

// Clients that send nothing, or take nothing, keep nobody else waiting, even
// when there are more of them than the table has entries.
func TestWebappSlowClients(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	w.daemon()
	for i := range 300 {
		connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(w.port)))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if i%2 == 0 {
			fmt.Fprint(connection, "GET / HT")
		}
	}
	start := time.Now()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if status, _ := w.get("127.0.0.1", "/"); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	group.Wait()
	if took := time.Since(start); took > 8*time.Second { // it waits 10 s for a request
		t.Errorf("20 requests beside 300 silent clients took %v", took)
	}
}

func TestWebappRequests(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	w.daemon()
	for _, c := range []struct {
		name    string
		request []string // pieces, sent one after the other
		status  string
	}{
		{"in pieces", []string{"GE", "T / HTTP/1.1\r\nHost: x\r", "\n\r\n"}, "HTTP/1.1 200 "},
		{"other method", []string{"POST / HTTP/1.1\r\n\r\n"}, "HTTP/1.1 405 "},
		{"too large", []string{"GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 20000) + "\r\n\r\n"}, "HTTP/1.1 431 "},
	} {
		connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(w.port)))
		if err != nil {
			t.Fatal(err)
		}
		connection.SetDeadline(time.Now().Add(patience))
		for _, piece := range c.request {
			if _, err := io.WriteString(connection, piece); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		answer, err := io.ReadAll(connection)
		connection.Close()
		if err != nil || !strings.HasPrefix(string(answer), c.status) {
			t.Errorf("%s: got %q (%v), want %q", c.name, answer, err, c.status)
		}
	}
}

// Each way to fail has a message and an exit code of its own, and leaves no
// daemon and no PID file behind.
func TestWebappFailures(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	busy, err := net.Listen("tcp4", fmt.Sprintf(":%d", w.port))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port, pidFile := fmt.Sprintf("PORT=%d", w.port), "PID_FILE="+w.pidFile

	for _, c := range []struct {
		env  []string
		args []string
		code int
		want string
	}{
		{[]string{port}, []string{"--help"}, 64, "unknown argument '--help'"},
		{nil, nil, 65, "PORT is not set"},
		{[]string{"PORT=http"}, nil, 65, "PORT is 'http'"},
		{[]string{"PORT=80x"}, nil, 65, "must be a number from 1 to 65535"},
		{[]string{"PORT=0"}, nil, 65, "must be a number from 1 to 65535"},
		{[]string{"PORT=65536"}, nil, 65, "must be a number from 1 to 65535"},
		{[]string{port}, nil, 66, "cannot listen on port"},
		{[]string{port, pidFile}, []string{"-D"}, 66, "cannot listen on port"},
		{[]string{port}, []string{"-D"}, 67, "PID_FILE is not set"},
		{[]string{port, "PID_FILE=" + w.dir + "/no/such/dir"}, []string{"-D"}, 67, "cannot write the PID file"},
	} {
		code, stderr := w.run(c.env, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("webapp %q with %q ended with %d and %q; want %d and one line with %q", c.args, c.env, code, stderr, c.code, c.want)
		}
		if _, err := os.Stat(w.pidFile); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("webapp %q with %q left a PID file (%v)", c.args, c.env, err)
		}
	}
}

// One daemon a PID file; but what a crash leaves behind is no daemon.
func TestWebappOneDaemonPerPIDFile(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	first := w.daemon()
	code, stderr := w.run(w.env(), "-D")
	if code != 68 || !strings.Contains(stderr, "already running") {
		t.Errorf("a second daemon ended with %d: %s", code, stderr)
	}
	if !alive(first) {
		t.Error("the second start ended the first daemon")
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the daemon is gone", func() bool { return !alive(first) })
	if second := w.daemon(); second == first {
		t.Error("the PID file still holds the number of the one that was killed")
	}
}

// A PID file that somebody else has put there in the meantime stays.
func TestWebappLeavesForeignPIDFile(t *testing.T) {
	t.Parallel()
	w := newWebapp(t)
	pid := w.daemon()
	if err := os.Remove(w.pidFile); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.pidFile, []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the daemon is gone", func() bool { return !alive(pid) })
	if text := read(t, w.pidFile); text != "1\n" {
		t.Errorf("the PID file has %q", text)
	}
}
