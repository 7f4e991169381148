package supervisord

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
)

// running starts a process, in a process group of its own if it is to lead one.
func running(t *testing.T, leads bool, environment []string, words ...string) *exec.Cmd {
	t.Helper()
	return inGroup(t, &syscall.SysProcAttr{Setpgid: leads}, environment, words...)
}

func inGroup(t *testing.T, group *syscall.SysProcAttr, environment []string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = environment
	cmd.SysProcAttr = group
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	return cmd
}

func sleeps(pid int) bool {
	name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return string(name) == "sleep\n"
}

// hasSleeping says whether a process has started one that sleeps.
func hasSleeping(parent int) bool {
	return slices.ContainsFunc(pidfile.All(), func(pid int) bool {
		kin, _ := pidfile.KinOf(pid)
		return kin.Parent == parent && sleeps(pid)
	})
}

// P4: what a supervisord that was killed has left is found, and ends; nothing else
// does that looks much like it.
func TestLost(t *testing.T) {
	t.Parallel()
	if len(pidfile.All()) == 0 {
		t.Skip("no proc(5)")
	}
	f := &fake{states: map[string]string{"a": "RUNNING", "b": "RUNNING"}}
	m := f.manager(t)
	s, err := m.connect()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "a.conf")
	text := "[program:a]\ncommand=\"sleep\" 1000\nstopsignal=INT\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	all := []manager.Unit{{Name: "a", File: conf, Own: Unit{}}, {Name: "b", File: conf, Own: Unit{}}}
	given := func(group, address string) []string {
		return []string{"SUPERVISOR_GROUP_NAME=" + group, "SUPERVISOR_SERVER_URL=" + address}
	}
	left := running(t, true, given("a", s.address), "sleep", "1000")
	// It does not end with that one, as what a shell has started.
	child := inGroup(t, &syscall.SysProcAttr{Setpgid: true, Pgid: left.Process.Pid}, nil, "sleep", "1000")
	// It takes no notice of the signal, and was told the socket of the same one.
	deaf := running(t, true, given("b", "unix://"+m.ConfDir+"/s"), "sh", "-c", `trap "" INT; exec sleep 1000`)
	children := filepath.Join(dir, "supervisord")
	if err := os.WriteFile(children, []byte("#!/bin/sh\nset -m; sleep 1000 & trap \"kill $!\" TERM; wait\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	others := map[string]*exec.Cmd{
		"of another group":         running(t, true, given("c", s.address), "sleep", "1000"),
		"of another supervisord":   running(t, true, given("a", "unix:///another"), "sleep", "1000"),
		"which a program started":  running(t, false, given("a", s.address), "sleep", "1000"),
		"another program":          running(t, true, given("a", s.address), "tail", "-f", "/dev/null"),
		"of one that still has it": running(t, false, given("a", s.address), children),
	}
	parent := others["of one that still has it"].Process.Pid
	for end := time.Now().Add(time.Minute); !sleeps(deaf.Process.Pid) || !hasSleeping(parent); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the shells have started nothing within a minute")
		}
	}
	time.Sleep(50 * time.Millisecond) // the kernel counts 10 ms
	f.pid = running(t, true, nil, "sleep", "1000").Process.Pid
	others["younger than supervisord"] = running(t, true, given("a", s.address), "sleep", "1000")

	states, err := m.Status(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for name, cmd := range map[string]*exec.Cmd{"a": left, "b": deaf} {
		if want := "process " + strconv.Itoa(cmd.Process.Pid) + " of it runs, and supervisord has lost it"; states[name].Lost != want {
			t.Errorf("%s: %q, want %q", name, states[name].Lost, want)
		}
	}
	if err := os.WriteFile(conf, []byte(text+"stopwaitsecs=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if failed := m.StopAll(t.Context(), all); len(failed) > 0 {
		t.Error(failed)
	}
	for cmd, by := range map[*exec.Cmd]string{left: "interrupt", child: "interrupt", deaf: "killed"} {
		if _, alive := pidfile.Started(cmd.Process.Pid); alive {
			t.Errorf("%q runs still", cmd.Args)
		} else if cmd.Wait(); !strings.Contains(cmd.ProcessState.String(), by) {
			t.Errorf("%q ended by %s, want %s", cmd.Args, cmd.ProcessState, by)
		}
	}
	for what, cmd := range others {
		if _, alive := pidfile.Started(cmd.Process.Pid); !alive {
			t.Errorf("a process was ended that is %s", what)
		}
	}
}

// A note that can't be read, and one of numbers that no program has, says nothing;
// what is noted then is what runs.
func TestBrokenNote(t *testing.T) {
	t.Parallel()
	if len(pidfile.All()) == 0 {
		t.Skip("no proc(5)")
	}
	itself := os.Getpid()
	runs := running(t, true, nil, "sleep", "1000").Process.Pid
	for _, text := range []string{"", "{", "null", `{"a":"x"}`, `{"a":[{"pid":0,"session":0,"since":"0001-01-01T00:00:00Z"}]}`, `{"a":[{"pid":1}]}`} {
		f := &fake{states: map[string]string{"a": "RUNNING"}, pid: itself, program: runs}
		m := f.manager(t)
		m.Seen = filepath.Join(t.TempDir(), "seen")
		if err := os.WriteFile(m.Seen, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		states, err := m.Status(t.Context(), units("a"))
		if err != nil || states["a"].Lost != "" {
			t.Errorf("%q: %v, %q", text, err, states["a"].Lost)
			continue // nor may that be ended
		}
		if now := m.remembered()["a"]; len(now) != 1 || now[0].PID != runs {
			t.Errorf("%q became %v", text, now)
		}
		if failed := m.StopAll(t.Context(), units("a")); len(failed) > 0 {
			t.Errorf("%q: %v", text, failed)
		}
		m.Seen = filepath.Join(m.Seen, "no directory")
		if _, err := m.Status(t.Context(), units("a")); err != nil {
			t.Errorf("where nothing can be noted: %v", err)
		}
	}
}
