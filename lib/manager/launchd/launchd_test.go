package launchd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// In the form that macOS prints, shortened.
const (
	domain = `system = {
	type = system
	handle = 0
	active count = 596
	services = {
		       0      - 	com.apple.lskdd
		     379      - 	org.nixos.up
		       0      0 	org.nixos.done
		       0     -9 	org.nixos.killed
		       0   (pe) 	com.apple.homed
		       0      - 	org.nixos.loaded
	}

	unmanaged processes = {
		org.nixos.gone = {
			active count = 1
		}
	}
}
`
	running = `system/org.nixos.up = {
	active count = 1
	path = /Library/LaunchDaemons/org.nixos.up.plist
	state = running

	program = /bin/sh
	environment = {
		state = no
	}

	runs = 1
	pid = 379
	last exit code = (never exited)

	spawn type = daemon (3)
	endpoints = {
		"x" = {
			pid = 1
			state = active
		}
	}
}
`
)

var (
	waiting  = strings.NewReplacer("state = running", "state = not running", "\tpid = 379\n", "", "up", "up").Replace(running)
	ended    = strings.Replace(waiting, "(never exited)", "78: EX_CONFIG", 1)
	wellDone = strings.Replace(waiting, "(never exited)", "0", 1)
)

func unit(name string, own Unit) manager.Unit {
	own.Label = "org.nixos." + name
	return manager.Unit{Name: name, File: "/profile/Library/LaunchDaemons/" + own.Label + ".plist", Own: own}
}

func with(t *testing.T) (Manager, *runtest.Fake) {
	t.Helper()
	f := runtest.New(t)
	return Manager{Runner: f, Domain: "system", Dir: "/place", Profile: "/profiles/processes", Store: "/nix/store"}, f
}

// One call tells of all units.
func TestStatus(t *testing.T) {
	t.Parallel()
	m, f := with(t)
	f.Expect("launchctl", "print", "system").Print(domain)
	units := []manager.Unit{
		unit("up", Unit{}), unit("done", Unit{MayEnd: true}), unit("killed", Unit{}), unit("loaded", Unit{Activated: true}), unit("gone", Unit{}),
	}
	states, err := m.Status(t.Context(), units)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]manager.State{
		"up":     {Condition: manager.Running, PID: 379},
		"done":   {Detail: "done"},
		"killed": {Condition: manager.Stopped, Detail: "it ended: -9"},
		"loaded": {Detail: "waits to be activated"},
		"gone":   {Condition: manager.Stopped, Detail: "launchd has not loaded it"},
	} {
		got := states[name]
		if got.Since = want.Since; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// What "print" prints is no contract: where there is no table that we can read,
// each unit is asked for.
func TestStatusWithoutTable(t *testing.T) {
	t.Parallel()
	m, f := with(t)
	f.Expect("launchctl", "print", "system").Print("system: see the web\n")
	f.Expect("launchctl", "print", "system/org.nixos.up").Print(running)
	f.Expect("launchctl", "print", "system/org.nixos.gone").Fail(113, `Could not find service "org.nixos.gone" in domain for system`)
	states, err := m.Status(t.Context(), []manager.Unit{unit("up", Unit{}), unit("gone", Unit{})})
	if err != nil || states["up"].PID != 379 || states["gone"].Condition != manager.Stopped {
		t.Errorf("%v, %v", states, err)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prints []string
		own    Unit
		fails  string
	}{
		{[]string{running}, Unit{}, ""},
		{[]string{waiting, running}, Unit{}, ""},
		{[]string{waiting, ended}, Unit{}, "last exit code 78: EX_CONFIG; what it said is lost"},
		{[]string{wellDone}, Unit{MayEnd: true}, ""},
		{[]string{wellDone}, Unit{}, "last exit code 0"},
	} {
		m, f := with(t)
		f.Expect("launchctl", "bootout", "system/org.nixos.up").Fail(3, "Boot-out failed: 3: No such process")
		f.Expect("launchctl", "enable", "system/org.nixos.up")
		f.Expect("launchctl", "bootstrap", "system", "/place/org.nixos.up.plist")
		f.Expect("launchctl", "kickstart", "system/org.nixos.up").Fail(37, "Operation already in progress")
		for _, text := range c.prints {
			f.Expect("launchctl", "print", "system/org.nixos.up").Print(text)
		}
		err := m.Start(t.Context(), unit("up", c.own))
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("the error is %v, want %q", err, c.fails)
		}
	}
	m, f := with(t)
	f.Expect("launchctl", "bootout", "system/org.nixos.up").Fail(113, "")
	f.Expect("launchctl", "enable", "system/org.nixos.up")
	f.Expect("launchctl", "bootstrap", "system", "/place/org.nixos.up.plist").Fail(5, "Bootstrap failed: 5: Input/output error")
	f.Expect("launchctl", "bootstrap", "system", "/place/org.nixos.up.plist")
	if err := m.Start(t.Context(), unit("up", Unit{Activated: true})); err != nil {
		t.Error(err)
	}
	f.Expect("launchctl", "bootout", "system/org.nixos.up").Fail(113, "")
	f.Expect("launchctl", "enable", "system/org.nixos.up")
	f.Expect("launchctl", "bootstrap", "system", "/place/org.nixos.up.plist").Fail(119, "Bootstrap failed: 119: Service is disabled")
	if err := m.Start(t.Context(), unit("up", Unit{})); run.Code(err) != 119 {
		t.Error(err)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	m, f := with(t)
	f.Expect("launchctl", "bootout", "system/org.nixos.up").Fail(36, "Boot-out failed: 36: Operation now in progress")
	f.Expect("launchctl", "print", "system/org.nixos.up").Print(running).Times(2)
	f.Expect("launchctl", "print", "system/org.nixos.up").Fail(113, "")
	if err := m.Stop(t.Context(), unit("up", Unit{})); err != nil {
		t.Error(err)
	}
	f.Expect("launchctl", "bootout", "system/org.nixos.up").Fail(150, "Operation not permitted while System Integrity Protection is engaged")
	f.Expect("launchctl", "print", "system/org.nixos.up").Print(running)
	if err := m.Stop(t.Context(), unit("up", Unit{})); run.Code(err) != 150 {
		t.Error(err)
	}
	f.Expect("launchctl", "bootout", "system/org.nixos.up").Do(func(context.Context, run.Command) (run.Result, error) { return run.Result{}, nil })
	f.Expect("launchctl", "print", "system/org.nixos.up").Print(running).Times(3)
	ctx, cancel := context.WithCancel(t.Context())
	f.Expect("launchctl", "print", "system/org.nixos.up").Do(func(context.Context, run.Command) (run.Result, error) {
		cancel()
		return run.Result{Stdout: running}, nil
	})
	if err := m.Stop(ctx, unit("up", Unit{})); err == nil {
		t.Error("it is called stopped, though launchd still has it")
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	m := Manager{Domain: "gui/501", Dir: "/Users/a b/Library/LaunchAgents"}
	if got, want := m.Command("start", unit("a", Unit{})), "launchctl bootstrap gui/501 '/Users/a b/Library/LaunchAgents/org.nixos.a.plist'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := m.Command("stop", unit("a", Unit{})), "launchctl bootout gui/501/org.nixos.a"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestUnitOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		properties Properties
		want       Unit
	}{
		{Properties{}, Unit{Label: "x", ExitTimeOut: 20}},
		{Properties{"Label": "y", "UserName": "u", "StandardOutPath": "/o", "ExitTimeOut": uint64(5)}, Unit{Label: "y", User: "u", Log: "/o", ExitTimeOut: 5}},
		{Properties{"StandardOutPath": "/o", "StandardErrorPath": "/e"}, Unit{Label: "x", Log: "/e", ExitTimeOut: 20}},
		{Properties{"StandardErrorPath": "/dev/null"}, Unit{Label: "x", ExitTimeOut: 20}},
		{Properties{"StartInterval": uint64(60)}, Unit{Label: "x", Activated: true, MayEnd: true, ExitTimeOut: 20}},
		{Properties{"Sockets": map[string]any{}, "RunAtLoad": true}, Unit{Label: "x", MayEnd: true, ExitTimeOut: 20}},
		{Properties{"KeepAlive": map[string]any{"SuccessfulExit": false}}, Unit{Label: "x", MayEnd: true, ExitTimeOut: 20}},
	} {
		c.want.Plist = "Library/LaunchDaemons/x.plist"
		if got := UnitOf(c.want.Plist, c.properties); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.properties, got, c.want)
		}
	}
}

// What the framework before this left, and what is no plist.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(tree, Directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("org.nixos.a.plist", `<?xml version="1.0"?><plist version="1.0"><dict><key>Label</key><string>org.nixos.a</string><key>Program</key><string>/a</string></dict></plist>`)
	put("com.example.b.plist", `<plist version="1.0"><dict><key>Program</key><string>/b</string></dict></plist>`)
	put("note.txt", "no")
	units, err := Manager{}.Units(tree)
	if err != nil || len(units) != 2 || units[0].Name != "com.example.b" || units[1].Name != "a" {
		t.Fatalf("%+v, %v", units, err)
	}
	if units[1].File != filepath.Join(tree, Directory, "org.nixos.a.plist") || units[1].Key == units[0].Key || own(units[0]).Label != "com.example.b" {
		t.Errorf("%+v", units)
	}
	for text, want := range map[string]string{"no plist": "no property list", `{ "Program" = "/a"; }`: "not in XML"} {
		put("bad.plist", text)
		if _, err := (Manager{}).Units(tree); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "bad.plist") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
