package tests

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// afterSystemd is a model with a process that stays, one that changes, one that
// is new, and one whose program is given.
func afterSystemd(last string) string {
	return `rec {
  base = sleeper "base" { };
  changes = sleeper "changes" { dependencies = [ base.pkg ]; environment.CHANGED = 1; };
  new = sleeper "new" { dependencies = [ base.pkg ]; };
  last = { pkg = create {
    name = "last";
    dependencies = [ new ];
    ` + last + `
  }; };
}`
}

// P5, P7, P13, D15, D21: when a unit does not start, or ends right after its
// start, all is as it was before; the message names the process, the command
// line and what the journal has. The repaired model then works.
func TestSystemdFailedStartIsUndone(t *testing.T) {
	for _, c := range []struct{ name, last, says string }{
		{"fails", `daemon = script "last" "echo there is no luck today >&2; exit 7";`, "failed to start: systemctl "},
		{"dies", `foregroundProcess = script "last" "echo there is no luck today >&2; sleep 0.2; exit 3";`, "failed to stay up"},
		{"again and again", `foregroundProcess = script "last" "echo there is no luck today >&2; exit 3"; overrides.systemd.Service = { Restart = "always"; RestartSec = "10s"; };`, "failed to stay up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			withSystemd(t, func(t *testing.T, m *systemdMachine) {
				m.mustSwitchTo(m.model("before.nix", beforeFailure))
				before, files := m.runs("base", "changes", "goes"), m.snapshot()

				r := m.switchTo(m.model("after.nix", afterSystemd(c.last)))
				want := []string{"process 'last' " + c.says, "nix-process-last.service", "all steps were undone"}
				if !m.user { // the user's systemd of this test has no journal
					want = append(want, "there is no luck today")
				}
				for _, want := range want {
					if r.code != 1 || !strings.Contains(r.stderr, want) {
						t.Errorf("exit code %d, and the message lacks %q:\n%s", r.code, want, r.stderr)
					}
				}
				after := m.runs("base", "changes", "goes")
				m.kept(before, after, "base")
				if now := m.snapshot(); !maps.Equal(now, files) {
					t.Errorf("unit files after a failure: %v, want %v", now, files)
				}
				if list := m.switchTo("--list-generations").stdout; strings.Count(list, "\n") != 1 {
					t.Errorf("a failed switch left a generation:\n%s", list)
				}
				if list := m.systemctl("list-units", "--all", "--plain", "--no-legend", "nix-process-new.service", "nix-process-last.service").stdout; strings.TrimSpace(list) != "" {
					t.Errorf("systemd still has\n%s", list)
				}

				m.mustSwitchTo(m.model("after.nix", afterSystemd(`foregroundProcess = script "last" "exec sleep 1000";`)))
				m.kept(before, m.runs("base", "changes", "new", "last"), "base")
				m.undeployed()
			})
		})
	}
}

// D22, P8: what has died is started again, and alone; then a switch does nothing.
func TestSystemdDeadProcess(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		model := m.model("model.nix", beforeFailure)
		m.mustSwitchTo(model)
		before := m.runs("base", "changes", "goes")
		m.inside("kill", "-KILL", pidOf(before["changes"]))
		m.until("it is dead", func() bool {
			return strings.TrimSpace(m.systemctl("is-active", "nix-process-changes").stdout) == "failed"
		})
		status := []string{m.binary, "status"}
		if m.user {
			status = append(status, "--user")
		}
		if r := m.inside(status...); r.code != 1 || !strings.Contains(r.stdout, "failed (signal)") {
			t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		r := m.mustSwitchTo(model)
		if !strings.Contains(r.stdout, "1 started, 2 kept: generation 1") {
			t.Errorf("the result says\n%s", r.stdout)
		}
		again := m.runs("base", "changes", "goes")
		m.kept(before, again, "base", "goes")
		if again["changes"] == before["changes"] {
			t.Error("the dead process was not started again")
		}
		m.mustSwitchTo(model)
		m.kept(again, m.pids(), "base", "changes", "goes")
		m.undeployed()
	})
}

// A file that is not ours is never overwritten, nor another profile's; links of
// the older tools are replaced, and their directories .wants go (D32).
func TestSystemdFilesOfOthers(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		if err := os.MkdirAll(m.units, 0o755); err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(m.units, "nix-process-base.service")
		const theirs = "[Service]\nExecStart=/bin/true\n"
		if err := os.WriteFile(unit, []byte(theirs), 0o644); err != nil {
			t.Fatal(err)
		}
		model := m.model("model.nix", `{ base = sleeper "base" { }; other = sleeper "other" { }; }`)
		r := m.switchTo(model)
		if r.code != 1 || !strings.Contains(r.stderr, "nix-process-base.service is in the way") || read(t, unit) != theirs {
			t.Errorf("exit code %d\n%s%s", r.code, r.stderr, read(t, unit))
		}
		if names := m.unitFiles(); !slices.Equal(names, []string{"nix-process-base.service"}) {
			t.Errorf("the failed switch left %q", names)
		}

		// Nothing is stopped in vain.
		m.mustSwitchTo("-p", "running", m.model("running.nix", `{ other = sleeper "other" { }; }`))
		running := m.runs("other")
		r = m.switchTo("-p", "running", m.model("running.nix", `{ other = sleeper "other" { nice = 1; }; base = sleeper "base" { }; }`))
		if r.code != 1 || !strings.Contains(r.stderr, "nix-process-base.service is in the way") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		m.kept(running, m.runs("other"), "other")
		m.mustSwitchTo("-p", "running", "--undeploy")

		// What the older tools left: links into the store, also dangling ones.
		old := filepath.Join(m.store.dir, "store", "0lxx7hm5sxcyhfj8hmrxlvmq7cd3i0g8-base.service")
		for name, to := range map[string]string{"nix-process-base.service": old, "nix-process-base.service.wants": old + ".wants"} {
			os.Remove(filepath.Join(m.units, name))
			if err := os.Symlink(to, filepath.Join(m.units, name)); err != nil {
				t.Fatal(err)
			}
		}
		m.mustSwitchTo(model)
		before := m.runs("base", "other")
		if info, err := os.Lstat(unit); err != nil || !info.Mode().IsRegular() {
			t.Errorf("the link was not replaced: %v %v", info, err)
		}
		if _, err := os.Lstat(unit + ".wants"); err == nil {
			t.Error("the dangling .wants is left")
		}

		// A second profile under the same systemd.
		r = m.switchTo("-p", "second", model)
		if r.code != 1 || !strings.Contains(r.stderr, "belongs to the profile "+m.path("profiles", "processes")) {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		m.mustSwitchTo("-p", "second", m.model("second.nix", `{ third = sleeper "third" { }; }`))
		m.kept(before, m.runs("base", "other", "third"), "base", "other")
		m.mustSwitchTo("-p", "second", "--undeploy")
		m.kept(before, m.runs("base", "other"), "base", "other")
		m.undeployed()
	})
}

// Without systemd the message says so, before anything is touched.
func TestSystemdThatDoesNotRun(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		t.Skip("systemd runs this machine")
	}
	d := newDeployment(t)
	d.env = append(d.env, "XDG_RUNTIME_DIR="+d.dir, "SYSTEMD_TARGET_DIR="+d.path("units"))
	model := d.model("model.nix", `{ base = sleeper "base" { }; }`)
	for want, args := range map[string][]string{
		"systemd does not run this machine":         nil,
		"the systemd of this user can't be asked: ": {"--user"},
	} {
		r := d.nixproc(slices.Concat([]string{"systemd-switch", "--host-packages", "--state-dir", d.path("state"), "--force-disable-user-change"}, args, []string{model})...)
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d, and the message lacks %q:\n%s", r.code, want, r.stderr)
		}
	}
	for _, made := range []string{"state", "units"} {
		if _, err := os.Stat(d.path(made)); err == nil {
			t.Errorf("%s was made", made)
		}
	}
}

// A boot brings all up again, also after the garbage was collected.
func TestSystemdBoot(t *testing.T) {
	t.Parallel()
	m := newSystemdMachineIn(t, newOwnStore(t, "sandbox = false"), false)
	model := m.model("model.nix", `rec { base = sleeper "base" { }; next = sleeper "next" { dependencies = [ base.pkg ]; }; }`)
	m.mustSwitchTo(model)
	m.runs("base", "next")
	m.mustSwitchTo("-p", "two words", m.model("second.nix", `{ third = sleeper "third" { }; }`))
	m.verify()
	if r := m.program("nix-collect-garbage", "-d"); r.code != 0 || !strings.Contains(r.stderr+r.stdout, "store paths deleted") {
		t.Fatalf("nix-collect-garbage: %s", r.stderr)
	}
	m.powerOff()
	m.boot()
	m.runs("base", "next", "third")
	if r := m.mustSwitchTo(model); !strings.Contains(r.stdout, "2 kept") {
		t.Errorf("a switch after the boot says\n%s", r.stdout)
	}
	m.mustSwitchTo("-p", "two words", "--undeploy")
	m.undeployed()
	m.powerOff()
	m.boot()
	m.runs()
}
