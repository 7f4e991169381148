package s6rc

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run/runtest"
)

// newManager has a scan directory on which a stand-in for s6-svscan listens, and
// a live directory, if there is to be one.
func newManager(t *testing.T, live bool) (*Manager, *runtest.Fake) {
	t.Helper()
	dir := t.TempDir()
	place := Place{Live: filepath.Join(dir, "run", "s6-rc"), Scan: filepath.Join(dir, "run", "service"), Databases: filepath.Join(dir, "rc")}
	pipe := filepath.Join(place.Scan, ".s6-svscan", "control")
	if err := os.MkdirAll(filepath.Dir(pipe), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	if live {
		if err := os.MkdirAll(place.Live, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fake := runtest.New(t)
	return &Manager{Runner: fake, Where: func() Place { return place }, Profile: filepath.Join(dir, "profile")}, fake
}

func unitOf(name string, own Unit, requires ...string) manager.Unit {
	unit := manager.Unit{Name: name, Wanted: true, Own: own, Requires: requires, PIDFile: own.PIDFile, Log: own.Log}
	for _, service := range own.Services {
		unit.Installs = append(unit.Installs, "/store/"+service.Name)
	}
	return unit
}

func longrun(name string) Unit {
	return Unit{Services: []Service{{name + "-log", Longrun}, {name + "-srv", Longrun}}}
}

func oneshot(name string) Unit { return Unit{Services: []Service{{name, Oneshot}}} }

func (m *Manager) expectUp(fake *runtest.Fake, names ...string) {
	fake.Expect("s6-rc", "-b", "-l", m.Where().Live, "-a", "list").Print(strings.Join(names, "\n") + "\n")
}

func (m *Manager) expectStat(fake *runtest.Fake, answer string, services ...string) {
	args := []string{"sh", "-c", askAll, "sh"}
	for _, service := range services {
		args = append(args, m.serviceDir(service))
	}
	fake.Expect(args...).Print(answer)
}

func TestStatus(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, true)
	m.expectUp(fake, "s6rc-oneshot-runner", "a-log", "a-srv", "b-log", "b-srv", "c-log", "once", "daemon", "bare")
	fake.Expect("s6-rc-db", "-l", m.Where().Live, "list", "bundles").Print("a\nb\nall\nsome\n")
	m.expectStat(fake, "true 1 -1\ntrue 77 -1\ntrue 2 -1\nfalse -1 3\ntrue 4 -1\n\n", "a-log", "a-srv", "b-log", "b-srv", "c-log", "bare")
	pidFile := filepath.Join(t.TempDir(), "daemon.pid")
	daemon := oneshot("daemon")
	daemon.PIDFile = pidFile
	all := Unit{Services: []Service{{"all", Bundle}}, Contents: []string{"a-srv", "some", "once"}}
	part := Unit{Services: []Service{{"some", Bundle}}, Contents: []string{"c-srv"}}
	strange := Unit{Services: []Service{{"strange", Bundle}}, Contents: []string{"a-srv"}}
	states, err := m.Status(t.Context(), []manager.Unit{
		unitOf("a", longrun("a")), unitOf("b", longrun("b")), unitOf("c", longrun("c")), unitOf("once", oneshot("once")),
		unitOf("never", oneshot("never")), unitOf("daemon", daemon), unitOf("bare", Unit{Services: []Service{{"bare", Longrun}}}),
		unitOf("all", all), unitOf("some", part), unitOf("strange", strange),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		condition manager.Condition
		detail    string
	}{
		"a": {manager.Running, ""}, "b": {manager.Stopped, "b-srv is down, its exit code was 3"}, "c": {manager.Stopped, "s6-rc has it down"},
		"once": {manager.Running, ""}, "never": {manager.Stopped, "s6-rc has it down"}, "daemon": {manager.Stopped, "names no process that lives"},
		"bare": {manager.Stopped, "exit code was unknown"}, "all": {manager.Running, ""}, "some": {manager.Stopped, "c-srv down"},
		"strange": {manager.Stopped, "does not have it"},
	} {
		if got := states[name]; got.Condition != want.condition || !strings.Contains(got.Detail, want.detail) {
			t.Errorf("%s is %s (%s)", name, got.Condition, got.Detail)
		}
	}
	if states["a"].PID != 77 {
		t.Errorf("a is process %d", states["a"].PID)
	}
}

func TestStatusBeforeAnything(t *testing.T) {
	t.Parallel()
	m, _ := newManager(t, false)
	states, err := m.Status(t.Context(), []manager.Unit{unitOf("a", longrun("a"))})
	if err != nil || states["a"].Condition != manager.Stopped {
		t.Errorf("%v, %v", states, err)
	}
	if err := os.RemoveAll(m.Where().Scan); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Status(t.Context(), []manager.Unit{unitOf("a", longrun("a"))}); err == nil || !strings.Contains(err.Error(), "nixproc s6-svscan") {
		t.Error(err)
	}
}

// What s6-rc has as up and is to start has died: a longrun is revived, a oneshot
// goes down before it comes up.
func TestStartAll(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, true)
	live := m.Where().Live
	m.expectUp(fake, "dead-log", "dead-srv", "once")
	fake.Expect("s6-rc", "-b", "-l", live, "-D", "-t", "240000", "change", "once")
	for _, service := range []string{"dead-log", "dead-srv"} {
		fake.Expect("s6-svc", "-u", "-wu", "-T", "10000", m.serviceDir(service))
	}
	fake.Expect("s6-rc", "-b", "-l", live, "-u", "-t", "240000", "change", "a-log", "a-srv", "dead-log", "dead-srv", "once")
	if failed := m.StartAll(t.Context(), []manager.Unit{unitOf("a", longrun("a")), unitOf("dead", longrun("dead")), unitOf("once", oneshot("once"))}); len(failed) > 0 {
		t.Error(failed)
	}
	if !m.StopsToStart(unitOf("once", oneshot("once"))) || m.StopsToStart(unitOf("a", longrun("a"))) {
		t.Error("a oneshot has to stop before it starts again, a longrun has not")
	}
}

func TestStartThatFails(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, true)
	log := filepath.Join(t.TempDir(), "current")
	if err := os.WriteFile(log, []byte("the last words\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := oneshot("bad")
	bad.Log = log
	m.expectUp(fake)
	fake.Expect("s6-rc", "-b", "-l", m.Where().Live, "-u", "-t", "240000", "change", "bad", "good", "then").Fail(1, "s6-rc: warning: unable to start service bad: command exited 3")
	m.expectUp(fake, "good")
	failed := m.StartAll(t.Context(), []manager.Unit{unitOf("bad", bad), unitOf("good", oneshot("good")), unitOf("then", oneshot("then"), "bad")})
	if len(failed) != 2 || !strings.Contains(failed["then"].Error(), "something before it failed") {
		t.Errorf("%v", failed)
	}
	for _, want := range []string{"unable to start service bad", "the last words", "s6-rc has it down"} {
		if !strings.Contains(failed["bad"].Error(), want) {
			t.Errorf("%q is not in %v", want, failed["bad"])
		}
	}
}

// Stopping asks for what is up only; a bundle has nothing of its own.
func TestStopAll(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, true)
	m.expectUp(fake, "a-log", "a-srv", "other-srv")
	fake.Expect("s6-rc", "-b", "-l", m.Where().Live, "-D", "-t", "240000", "change", "a-log", "a-srv").Fail(2, "s6-rc: fatal: timed out")
	m.expectUp(fake, "a-srv", "other-srv")
	all := Unit{Services: []Service{{"all", Bundle}}, Contents: []string{"other-srv"}}
	failed := m.StopAll(t.Context(), []manager.Unit{unitOf("a", longrun("a")), unitOf("b", longrun("b")), unitOf("all", all)})
	if len(failed) != 1 || !strings.Contains(failed["a"].Error(), "still has a-srv up") || !strings.Contains(failed["a"].Error(), "timed out") {
		t.Errorf("%v", failed)
	}
	m.expectUp(fake, "other-srv")
	if failed := m.StopAll(t.Context(), []manager.Unit{unitOf("a", longrun("a"))}); len(failed) > 0 {
		t.Errorf("%v", failed)
	}
	unborn, _ := newManager(t, false)
	if failed := unborn.StopAll(t.Context(), []manager.Unit{unitOf("a", longrun("a"))}); len(failed) > 0 {
		t.Errorf("%v", failed)
	}
}
