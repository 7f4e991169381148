package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

func unitOf(name string, more ...string) manager.Unit {
	unit := manager.Unit{Name: name, File: "/p/etc/systemd/system/nix-process-" + name + ".service", Wanted: true}
	unit.Installs = append([]string{unit.File}, more...)
	return unit
}

func block(active, sub, result, kind string) string {
	return "Type=" + kind + "\nMainPID=0\nResult=" + result + "\nLoadState=loaded\nActiveState=" + active + "\nSubState=" + sub + "\nNeedDaemonReload=no\n"
}

// One call tells of all units; what is meant to end, and what waits to be
// activated, is not reported as stopped.
func TestStatus(t *testing.T) {
	names := []string{"up", "done", "once", "down", "broken", "again", "missing", "timed", "untimed"}
	blocks := []string{
		block("active", "running", "success", "simple"),
		block("inactive", "dead", "success", "oneshot"),
		block("active", "exited", "success", "oneshot"),
		block("inactive", "dead", "success", "simple"),
		block("failed", "failed", "exit-code", "simple"),
		block("activating", "auto-restart", "exit-code", "simple"),
		"LoadState=not-found\nActiveState=inactive\nSubState=dead\n",
		block("inactive", "dead", "success", "simple"), block("active", "waiting", "success", ""),
		block("inactive", "dead", "success", "simple"), block("inactive", "dead", "success", ""),
	}
	var units []manager.Unit
	line := []string{"systemctl", "--user", "show", asked, "--"}
	for _, name := range names {
		unit := unitOf(name)
		if strings.HasSuffix(name, "timed") {
			unit = unitOf(name, "/p/etc/systemd/system/nix-process-"+name+".timer")
		}
		units = append(units, unit)
		line = append(line, namesOf(unit)...)
	}
	fake := runtest.New(t)
	fake.Expect(line...).Print(strings.Join(blocks, "\n"))
	m := &Manager{Runner: fake, User: true, Dir: placed(t, units)}
	states, err := m.Status(t.Context(), units)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]manager.Condition{
		"up": manager.Running, "done": manager.Unknown, "once": manager.Running, "down": manager.Stopped, "broken": manager.Stopped,
		"again": manager.Stopped, "missing": manager.Stopped, "timed": manager.Unknown, "untimed": manager.Stopped,
	} {
		if states[name].Condition != want {
			t.Errorf("%s is %v (%s), want %v", name, states[name].Condition, states[name].Detail, want)
		}
	}
	if _, err := (&Manager{Runner: runtest.New(t)}).Status(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// placed is a directory that has the files of units.
func placed(t *testing.T, units []manager.Unit) string {
	t.Helper()
	dir := t.TempDir()
	for _, unit := range units {
		for _, name := range namesOf(unit) {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// Of a unit that has no file, systemd is only asked if it has it in its memory.
func TestStatusBeforeInstall(t *testing.T) {
	units := []manager.Unit{unitOf("new"), unitOf("there"), unitOf("orphan"), unitOf("failed")}
	fake := runtest.New(t)
	m := &Manager{Runner: fake, Dir: placed(t, units[1:2])}
	listed := func(text string) {
		fake.Expect("systemctl", "list-units", "--all", "--full", "--plain", "--no-legend", "--no-pager").Print(text)
	}
	listed("nix-process-orphan.service loaded active running An orphan\n" +
		"nix-process-failed.service not-found failed failed nix-process-failed.service\nnew.service loaded active running new\n")
	fake.Expect("systemctl", "show", asked, "--", "nix-process-there.service", "nix-process-orphan.service", "nix-process-failed.service").
		Print(block("active", "running", "success", "simple") + "\n" + block("active", "running", "success", "simple") +
			"\nLoadState=not-found\nActiveState=failed\nSubState=failed\n")
	states, err := m.Status(t.Context(), units)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]manager.Condition{
		"new": manager.Stopped, "there": manager.Running, "orphan": manager.Running, "failed": manager.Stopped,
	} {
		if states[name].Condition != want {
			t.Errorf("%s is %v (%s), want %v", name, states[name].Condition, states[name].Detail, want)
		}
	}
	listed("")
	if states, err := m.Status(t.Context(), units[:1]); err != nil || states["new"].Condition != manager.Stopped {
		t.Errorf("%v, %v", states, err)
	}
}

// Half an answer is no answer.
func TestStatusOfTooFewUnits(t *testing.T) {
	fake := runtest.New(t)
	fake.ExpectFunc("systemctl show", func(c run.Command) bool { return c.Args[1] == "show" }).Print(block("active", "running", "success", "simple"))
	units := []manager.Unit{unitOf("a"), unitOf("b")}
	m := &Manager{Runner: fake, Dir: placed(t, units)}
	if states, err := m.Status(t.Context(), units); err == nil {
		t.Errorf("%v", states)
	}
}

// D32: one call starts, or stops, all units. A start that fails names the units that do not run, with what they said; a
// stop of what does not run is a success.
func TestJobs(t *testing.T) {
	units := []manager.Unit{unitOf("good"), unitOf("bad")}
	good, bad := namesOf(units[0])[0], namesOf(units[1])[0]
	fake := runtest.New(t)
	m := &Manager{Runner: fake, User: true}
	fake.Expect("systemctl", "--user", "start", "--", good, bad).Fail(1, "Job failed.")
	fake.Expect("systemctl", "--user", "show", asked, "--", good, bad).
		Print(block("active", "running", "success", "simple") + "\n" + block("failed", "failed", "exit-code", "simple"))
	fake.Expect("journalctl", "--quiet", "--no-pager", "--output=cat", "--lines="+shownLines, "--user-unit="+bad).Print("no luck\ntoday\n")
	failed := m.StartAll(t.Context(), units)
	if len(failed) != 1 || failed["bad"] == nil || !strings.Contains(failed["bad"].Error(), "no luck\n  today") ||
		!strings.Contains(failed["bad"].Error(), "systemctl --user start "+bad) {
		t.Errorf("%v", failed)
	}
	fake.Expect("systemctl", "--user", "stop", "--", good, bad).Fail(5, "Unit not loaded.")
	fake.Expect("systemctl", "--user", "show", asked, "--", good, bad).
		Print("LoadState=not-found\nActiveState=inactive\nSubState=dead\n\n" + block("failed", "failed", "exit-code", "simple"))
	if failed := m.StopAll(t.Context(), units); len(failed) > 0 {
		t.Errorf("%v", failed)
	}
	fake.Expect("systemctl", "--user", "stop", "--", good, bad).Fail(1, "no")
	fake.Expect("systemctl", "--user", "show", asked, "--", good, bad).Fail(1, "Failed to connect to bus")
	if failed := m.StopAll(t.Context(), units); len(failed) != 2 {
		t.Errorf("%v", failed)
	}
}

// What a running process does not depend on is not in the key.
func TestKey(t *testing.T) {
	const ours = "[Unit]\nDescription=One\nConditionPathExists=/a\nWants=b.service\nAfter=b.service\n\n" +
		"[Service]\nExecStart=/bin/a \\\n  x\nType=simple\nEnvironment=A=1\nEnvironment=B=2\n\n[Install]\nWantedBy=c.target\n"
	const theirs = "# a comment\n\n[Service]\n  ExecStart = /bin/a \\\n; another\nx\nEnvironment=B=2\nType=simple\nEnvironment=A=1\n[Unit]\nConditionPathExists=/a\n"
	squeeze := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	if a, b := squeeze(Key(ours)), squeeze(Key(theirs)); a != b {
		t.Errorf("the keys differ:\n%s\n%s", a, b)
	}
	for _, change := range [][2]string{{"A=1", "A=2"}, {"/bin/a", "/bin/b"}, {"=simple", "=forking"}, {"Exists=/a", "Exists=/b"}} {
		if Key(strings.Replace(ours, change[0], change[1], 1)) == Key(ours) {
			t.Errorf("%q changes nothing", change)
		}
	}
}

// Units of a tree without a manifest: what is no service belongs to one.
func TestScan(t *testing.T) {
	tree := t.TempDir()
	write := func(name string) {
		file := filepath.Join(tree, Directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("[Unit]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"nix-process-a.service", "nix-process-b.service", "nix-process-a.socket", "b.timer", "c.path", "README", "t@.service"} {
		write(name)
	}
	write("nix-process-a.service.wants/nix-process-b.service")
	units, err := (&Manager{}).Units(tree)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, unit := range units {
		got = append(got, unit.Name+":"+strings.Join(namesOf(unit), ","))
	}
	const want = "a:nix-process-a.service,nix-process-a.socket b:nix-process-b.service,b.timer c.path:c.path"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if units, err := (&Manager{}).Units(t.TempDir()); err != nil || len(units) > 0 {
		t.Errorf("an empty profile has %v, %v", units, err)
	}
}

// A timer that fires while its service stops would start it again.
func TestTimersStopFirst(t *testing.T) {
	fake := runtest.New(t)
	one, two := unitOf("one"), unitOf("two")
	one.Installs = append(one.Installs, "/profile/nix-process-one.timer")
	fake.Expect("systemctl", "stop", "--", "nix-process-one.timer", "nix-process-one.service", "nix-process-two.service")
	if failed := (&Manager{Runner: fake}).StopAll(t.Context(), []manager.Unit{one, two}); len(failed) > 0 {
		t.Error(failed)
	}
}
