package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// until waits for something that another process does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func content(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

// alive reads /proc, where a zombie counts as dead.
func alive(pid int) bool {
	stat := content("/proc/" + strconv.Itoa(pid) + "/stat")
	_, state, found := strings.Cut(stat, ") ")
	return found && !strings.HasPrefix(state, "Z")
}

// A daemon that keeps stdout and stderr neither holds us up nor is hurt when
// we are done with it.
func TestDaemon(t *testing.T) {
	t.Parallel()
	for _, log := range []bool{false, true} {
		dir := t.TempDir()
		c := Command{Args: sh(`setsid sh -c 'echo $$ >"$1/pid"; while [ ! -e "$1/go" ]; do sleep 0.05; done
			echo late; echo late >&2; echo survived >"$1/proof"; exec sleep 60' sh "$1" &
			while [ ! -s "$1/pid" ]; do sleep 0.02; done; echo begun`, dir)}
		if log {
			c.Log = filepath.Join(dir, "log")
		}
		begin := time.Now()
		r, err := host(t, c)
		pid, _ := strconv.Atoi(strings.TrimSpace(content(dir + "/pid")))
		if pid > 1 {
			t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
		}
		if err != nil || pid <= 1 || time.Since(begin) > 20*time.Second {
			t.Fatalf("pid %d, %v, after %s", pid, err, time.Since(begin))
		}
		if os.WriteFile(dir+"/go", nil, 0o644) != nil {
			t.Fatal("cannot write")
		}
		until(t, "the daemon writes", func() bool { return content(dir+"/proof") == "survived\n" })
		if !alive(pid) {
			t.Error("the daemon died of its output")
		}
		if !log && r.Stdout != "begun\n" {
			t.Errorf("got %q", r.Stdout)
		}
		if log && content(c.Log) != "begun\nlate\nlate\n" {
			t.Errorf("the log has %q", content(c.Log))
		}
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	c := Command{Args: sh(`trap 'echo asked >&2; exit 4' TERM; sleep 60 & wait`), Timeout: 2 * time.Second} // time for the trap to be set
	r, err := host(t, c)
	e := mustFail(t, err)
	if !e.TimedOut || e.Canceled || e.Code != 4 || Code(err) != -1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %+v", e)
	}
	if r.Stderr != "asked\n" || !strings.Contains(err.Error(), "did not end within 2s and was stopped") {
		t.Errorf("got %q, %q", r.Stderr, err)
	}
}

// Whoever does not listen is killed, with all of the group; who has left the
// group is not.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := Command{
		Args: sh(`trap '' TERM; echo $$ >"$1/leader"; sleep 61 & echo $! >"$1/child"
			setsid sh -c 'trap "" TERM; echo $$ >"$1/daemon"; exec sleep 62' sh "$1" & wait; sleep 63`, dir),
		Timeout: 2 * time.Second, // time for all to have started
	}
	begin := time.Now()
	_, err := execute(t.Context(), c, 300*time.Millisecond)
	if e := mustFail(t, err); !e.TimedOut || e.Signal != syscall.SIGKILL || time.Since(begin) > 30*time.Second {
		t.Errorf("after %s: %+v", time.Since(begin), e)
	}
	pids := map[string]int{}
	for _, who := range []string{"leader", "child", "daemon"} {
		pids[who], _ = strconv.Atoi(strings.TrimSpace(content(dir + "/" + who)))
		if pids[who] <= 1 {
			t.Fatalf("%s did not start", who)
		}
	}
	defer syscall.Kill(pids["daemon"], syscall.SIGKILL)
	until(t, "the group is gone", func() bool { return !alive(pids["leader"]) && !alive(pids["child"]) })
	if !alive(pids["daemon"]) {
		t.Error("a process that left the group was killed")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for content(dir+"/ready") == "" && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	_, err := Host{}.Run(ctx, Command{
		Args:    sh(`trap 'echo INT >"$1/got"; exit 0' INT; echo x >"$1/ready"; while :; do sleep 0.05; done`, dir),
		Timeout: time.Minute,
	})
	e := mustFail(t, err)
	if !e.Canceled || e.TimedOut || e.Code != 0 || Code(err) != -1 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v", e)
	}
	if content(dir+"/got") != "INT\n" {
		t.Error("it was not ended by SIGINT")
	}
	_, err = Host{}.Run(ctx, Command{Args: sh(`touch "$1/ran"`, dir)})
	if e := mustFail(t, err); !e.Canceled || content(dir+"/ran") != "" {
		t.Errorf("a canceled context still starts programs: %v", err)
	}
}

// P4: nothing of the program has happened when Started is called.
func TestStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int
	c := Command{Args: sh(`echo $$ >"$1/pid"; ps -o pgid= -p $$ | tr -d ' ' >"$1/group"; cat; echo "$2"`, dir, "a  b"),
		Started: func(p int) error {
			pid = p
			time.Sleep(200 * time.Millisecond)
			if _, err := os.Stat(dir + "/pid"); err == nil {
				t.Error("the program ran before Started returned")
			}
			return nil
		}}
	r, err := host(t, c)
	want := strconv.Itoa(pid) + "\n"
	if err != nil || r.Stdout != "a  b\n" || content(dir+"/pid") != want || content(dir+"/group") != want {
		t.Errorf("got %q, %v; told pid %q, was %q, group %q", r.Stdout, err, want, content(dir+"/pid"), content(dir+"/group"))
	}

	no := errors.New("the journal is full")
	c = Command{Args: sh(`touch "$1/ran"`, dir), Started: func(int) error { return no }}
	_, err = host(t, c)
	if _, statErr := os.Stat(dir + "/ran"); !errors.Is(err, no) || statErr == nil {
		t.Errorf("got %v, and the program ran: %v", err, statErr == nil)
	}
	c = Command{Args: []string{"no-such-program-x"}, Started: func(int) error { t.Error("called"); return nil }}
	if _, err = host(t, c); err == nil || !strings.Contains(err.Error(), "cannot run no-such-program-x") {
		t.Errorf("got %v", err)
	}
}
