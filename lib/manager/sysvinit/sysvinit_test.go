package sysvinit

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// write makes an executable file.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// A profile that the older tools built: scripts and links, no manifest.
func TestUnitsOfAnOlderProfile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a [profile]")
	rc := filepath.Join(dir, "etc/rc.d")
	write(t, rc+"/init.d/webapp", "#!/bin/sh\ncase $1 in\nstatus) statusproc -p /tmp/webapp.pid /nix/store/x/bin/webapp ;;\nesac\n")
	write(t, rc+"/init.d/plain", "#!/bin/sh\n")
	for _, level := range []string{"rc3.d", "rc5.d"} {
		if err := os.MkdirAll(filepath.Join(rc, level), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../init.d/webapp", filepath.Join(rc, level, "S04webapp")); err != nil {
			t.Fatal(err)
		}
	}
	units, err := Manager{Runlevel: "3"}.Units(dir)
	if err != nil || len(units) != 2 {
		t.Fatalf("%d units, error %v", len(units), err)
	}
	plain, webapp := units[0], units[1]
	if webapp.Rank != 4 || !webapp.Wanted || webapp.PIDFile != "/tmp/webapp.pid" || webapp.PIDFileCertain || webapp.Program != "/nix/store/x/bin/webapp" {
		t.Errorf("%+v", webapp)
	}
	for start, want := range map[string]bool{
		"start_daemon -f -p /tmp/a.pid /x/bin/a -D":                          true,
		"/y/bin/daemon --unsafe --pidfile /tmp/a.pid -- /x/bin/a":            true,
		"start_daemon -f -p '/tmp/a.pid' $(type -p su) joe -c '/x/bin/a -D'": true,
		"start_daemon -f -p /tmp/other.pid /x/bin/a":                         false,
		"/x/bin/a -p /tmp/a.pid":                                             false,
		"start_daemon -f /x/bin/a":                                           false,
	} {
		s, err := readScript([]byte("#!/bin/sh\ncase $1 in\nstart) "+start+" ;;\nstop) killproc -p /tmp/a.pid /x/bin/a ;;\nesac\n"), "a")
		if file, program, certain := s.pidFile(); err != nil || file != "/tmp/a.pid" || program != "/x/bin/a" || certain != want {
			t.Errorf("%s: %s, %s, %v (%v), want %v", start, file, program, certain, err, want)
		}
	}
	if plain.Wanted || plain.WhyNot != "it starts in no runlevel" || plain.PIDFile != "" {
		t.Errorf("%+v", plain)
	}
	if webapp.Key == plain.Key {
		t.Error("two scripts have one key")
	}
}

// Guards D21: the script's exit code counts, and its words are in the error.
func TestStartFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/webapp", "#!/bin/sh\necho 'no such database' >&2\nexit 7\n")
	unit := manager.Unit{Name: "webapp", File: dir + "/webapp", Log: dir + "/log"}
	err := Manager{Runner: run.Host{}}.Start(context.Background(), unit)
	if err == nil || !strings.Contains(err.Error(), "no such database") || !strings.Contains(err.Error(), "exit code 7") || !strings.Contains(err.Error(), dir+"/webapp start") {
		t.Errorf("the error is %v", err)
	}
}

// Guards P13: started means seen.
func TestStartWaitsForThePIDFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a folder")
	write(t, dir+"/webapp", "#!/bin/sh\n(sleep 0.3; echo $$ >'"+dir+"/pid'; exec sleep 30) >/dev/null 2>&1 &\necho $! >'"+dir+"/child'\n")
	unit := manager.Unit{Name: "webapp", File: dir + "/webapp", PIDFile: dir + "/pid", PIDFileCertain: true}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// The pid that the file names is the script's, which has ended by then: so
	// it is not seen, and the wait ends with the context.
	if err := (Manager{Runner: run.Host{}}).Start(ctx, unit); err == nil {
		t.Error("no error, though no process lives")
	}
	for written := false; !written; time.Sleep(10 * time.Millisecond) { // on a slow machine it comes later
		_, err := os.Stat(dir + "/pid")
		written = err == nil
	}
	if data, err := os.ReadFile(dir + "/child"); err == nil {
		write(t, dir+"/pid", string(data))
	}
	states, err := Manager{}.Status(context.Background(), []manager.Unit{unit, {Name: "nothing known"}})
	if err != nil || states["webapp"].Condition != manager.Running || states["nothing known"].Condition != manager.Unknown {
		t.Errorf("%v, %v", states, err)
	}
	write(t, dir+"/stop", "#!/bin/sh\nkill \"$(cat '"+dir+"/pid')\"\n")
	if err := (Manager{Runner: run.Host{}}).Stop(context.Background(), manager.Unit{Name: "webapp", File: dir + "/stop"}); err != nil {
		t.Error(err)
	}
}

func TestScriptsGetACleanEnvironment(t *testing.T) {
	t.Setenv("SECRET", "x")
	dir := t.TempDir()
	write(t, dir+"/script", "#!/bin/sh\nenv; pwd\n")
	result, err := Manager{Runner: run.Host{}}.Run(context.Background(), manager.Unit{File: dir + "/script"}, "show")
	if err != nil || strings.Contains(result.Stdout, "SECRET") || !strings.HasSuffix(result.Stdout, "\n/\n") || !strings.Contains(result.Stdout, "PATH=/usr/local/sbin:") {
		t.Errorf("%v\n%s", err, result.Stdout)
	}
}
