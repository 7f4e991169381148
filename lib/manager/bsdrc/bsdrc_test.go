package bsdrc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

const script = "/store/p/etc/rc.d/a"

func unitAt(pidFile string, own Unit) manager.Unit {
	return manager.Unit{Name: "a", File: script, PIDFile: pidFile, PIDFileCertain: pidFile != "", Own: own}
}

// process starts one that sleeps, and writes its pid file.
func process(t *testing.T, pidFile string) int {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	if err := os.WriteFile(pidFile, fmt.Appendln(nil, cmd.Process.Pid), 0o644); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a b.pid")
	fake := runtest.New(t)
	m := &Manager{Runner: fake}
	fake.Expect(script, "onestart").Do(func(context.Context, run.Command) (run.Result, error) {
		process(t, file)
		return run.Result{}, nil
	})
	if err := m.Start(t.Context(), unitAt(file, Unit{})); err != nil {
		t.Error(err)
	}
	fake.Expect(script, "onestart").Fail(1, "a: cannot run /bin/a\n")
	if err := m.Start(t.Context(), unitAt(file, Unit{})); err == nil || !strings.Contains(err.Error(), "cannot run /bin/a") {
		t.Error(err)
	}
}

// A process of daemon(8) whose pid file is gone has ended: nobody waits for it.
func TestStartOfWhatEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, log := filepath.Join(dir, "a.pid"), filepath.Join(dir, "log")
	if err := os.WriteFile(log, []byte("the disk is on fire\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"gone", "4194300"} {
		fake := runtest.New(t)
		fake.Expect(script, "onestart").Do(func(context.Context, run.Command) (run.Result, error) {
			if content == "gone" {
				return run.Result{}, nil
			}
			return run.Result{}, os.WriteFile(file, []byte(content), 0o644)
		})
		unit := unitAt(file, Unit{Daemonised: true})
		unit.Log = log
		begin := time.Now()
		err := (&Manager{Runner: fake}).Start(t.Context(), unit)
		if _, unseen := errors.AsType[*manager.UnseenError](err); err == nil || unseen || !strings.Contains(err.Error(), "the disk is on fire") || time.Since(begin) > manager.SeenWithin/2 {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a b.pid")
	fake := runtest.New(t)
	m := &Manager{Runner: fake}

	// It does not run.
	fake.Expect(script, "onestop").Fail(1, "a not running?\n")
	if err := m.Stop(t.Context(), unitAt(file, Unit{})); err != nil {
		t.Error(err)
	}
	// Its script does not know it again.
	pid := process(t, file)
	fake.Expect(script, "onestop").Fail(1, "a not running?\n")
	if err := m.Stop(t.Context(), unitAt(file, Unit{StopSignal: "INT"})); err != nil {
		t.Error(err)
	}
	if states, err := m.Status(t.Context(), []manager.Unit{unitAt(file, Unit{})}); err != nil || states["a"].Condition != manager.Stopped {
		t.Errorf("process %d: %v, %v", pid, states, err)
	}
	// daemon(8) removes the pid file a little later.
	if err := os.WriteFile(file, []byte("4194300"), 0o644); err != nil {
		t.Fatal(err)
	}
	fake.Expect(script, "onestop")
	go func() { time.Sleep(50 * time.Millisecond); os.Remove(file) }()
	if err := m.Stop(t.Context(), unitAt(file, Unit{Daemonised: true})); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the pid file was not waited for")
	}
	// Without a pid file, only the script can tell (D24).
	fake.Expect(script, "onestop").Fail(1, "a not running?\n")
	fake.Expect(script, "onestatus").Fail(1, "a is not running.\n")
	if err := m.Stop(t.Context(), unitAt("", Unit{})); err != nil {
		t.Error(err)
	}
	fake.Expect(script, "onestop").Fail(1, "no\n")
	fake.Expect(script, "onestatus")
	if err := m.Stop(t.Context(), unitAt("", Unit{})); err == nil {
		t.Error("no error though it runs")
	}
	if got := m.Command("stop", manager.Unit{File: "/a b/etc/rc.d/x"}); got != "'/a b/etc/rc.d/x' onestop" {
		t.Error(got)
	}
}

// A profile of the older framework: the order is rcorder's, and what a switch
// has to know stands in the scripts.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := filepath.Join(t.TempDir(), "a profile")
	if err := os.MkdirAll(filepath.Join(tree, directory, "rc3.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"web":  "#!/bin/sh\n# PROVIDE: web\n# REQUIRE: db proxy\n\n. /etc/rc.subr\n\nname=\"web\"\nrcvar=web_enabled\n\ncommand=/bin/web\npidfile=\"/run/web.pid\"\n",
		"own":  "#!/bin/sh\n# PROVIDE: own\n\ncommand=/bin/own\npidfile=\"/run/own.pid\"\nstart_cmd=own_start\n",
		"db":   "#!/bin/sh\n# PROVIDE: db\n# BEFORE: cache\n# KEYWORD: nostart\n",
		"a":    "#!/bin/sh\n# PROVIDE: cache\n",
		"loop": "#!/bin/sh\n# PROVIDE: loop\n# REQUIRE: pool\n\ncommand=daemon\ncommand_args=\"-o /log /bin/loop\"\npidfile=\"/run/loop.pid\"\n",
		"pool": "#!/bin/sh\n# PROVIDE: pool\n# REQUIRE: loop\n\ncommand=daemon\ncommand_args=\"-p /run/pool.pid -o /log /bin/pool\"\npidfile=\"/run/pool.pid\"\n",
	} {
		if err := os.WriteFile(filepath.Join(tree, directory, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	units, err := (&Manager{}).Units(tree)
	if err != nil || len(units) != 6 {
		t.Fatal(units, err)
	}
	// Who has to be told which pid file to write, and is not, writes none.
	certain := map[string]bool{"web": true, "pool": true}
	ranks := map[string]int{}
	for _, unit := range units {
		if unit.PIDFileCertain != certain[unit.Name] {
			t.Errorf("%s: its pid file is certain: %v", unit.Name, unit.PIDFileCertain)
		}
		ranks[unit.Name] = unit.Rank
		if !unit.Wanted || unit.Key == "" || unit.File != filepath.Join(tree, directory, unit.Name) {
			t.Errorf("%+v", unit)
		}
	}
	if want := map[string]int{"db": 0, "a": 1, "web": 1, "loop": 0, "pool": 1, "own": 0}; !maps.Equal(ranks, want) {
		t.Errorf("%v, want %v", ranks, want)
	}
	web := units[5]
	if own := web.Own.(Unit); own.RCVar != "web_enabled" || web.PIDFile != "/run/web.pid" || web.Program != "/bin/web" {
		t.Errorf("%+v", web)
	}
}
