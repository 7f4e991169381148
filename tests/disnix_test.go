package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// D6: generations are those of the coordinator's profile.
func TestDisnixUpgrade(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(t *testing.T) *disnixPlace{
		"stand-in": func(t *testing.T) *disnixPlace { return newDisnix(t, newDeployment(t)) },
		"real":     newRealDisnix,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mainJob{
				begin: func(t *testing.T) webappsPlace {
					p := begin(t)
					p.hostNeeds("daemon")
					return p
				},
				rolledBack: func(t *testing.T, p webappsPlace) { p.(*disnixPlace).atTheFirstOfThree() },
			}.test(t)
		})
	}
}

func (p *disnixPlace) atTheFirstOfThree() {
	p.t.Helper()
	if list := p.mustSwitchTo("--list-generations").stdout; strings.Count(list, "\n") != 3 || !strings.Contains(strings.Split(list, "\n")[0], "(current)") {
		p.t.Errorf("the generations are\n%s", list)
	}
	if link, err := os.Readlink(p.coordinator("default")); link != "default-1-link" {
		p.t.Errorf("the coordinator's profile is a link to %s, %v", link, err)
	}
}

// What has died is started again, as Disnix would not; a switch to the same
// starts nothing (D22, D23, P8).
func TestDisnixStartsAgainWhatDied(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		file := p.model("model.nix", `rec { base = sleeper "base" { }; top = sleeper "top" { dependencies = [ base.pkg ]; }; alone = daemon "alone" ''`+workingStart+`'' [ ]; }`)
		p.mustSwitchTo(file)
		before := p.runsExactly("base", "top", "alone")
		p.kill("base")
		p.kill("alone")
		if r := p.nixproc("status"); r.code != 1 || !strings.Contains(r.stderr, "2 of 3 processes do not run") {
			t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		if r := p.mustSwitchTo(file); !strings.Contains(r.stdout, "2 started, 1 kept: generation 1") {
			t.Errorf("the result says\n%s", r.stdout)
		}
		kept(t, before, p.runsExactly("base", "top", "alone"), "top")
		if r := p.mustSwitchTo(file); !strings.Contains(r.stdout, "3 kept: generation 1") {
			t.Errorf("the result says\n%s", r.stdout)
		}
		if r := p.nixproc("status", "-P", "disnix", "--json"); r.code != 0 || strings.Count(r.stdout, `"running"`) != 3 {
			t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	})
}

// P5, P7, P13, D21: a process that does not start, or dies right after it, fails
// the switch, though Dysnomia minds neither; all is as before then.
func TestDisnixFailedStartIsUndone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, start string
		code        int
		says        []string
	}{
		// Nobody knows whether a daemon without its pid file runs.
		{"fails", failingStart, 2, []string{"process 'last' was activated", "names no running process", "nixproc-last.log", "cannot bind port 99999"}},
		{"dies", dyingStart, 1, []string{"process 'last' failed to stay up", "nixproc-last.log", "giving up soon"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			eachDisnix(t, func(t *testing.T, p *disnixPlace) {
				p.hostNeeds("daemon")
				p.mustSwitchTo(p.model("model.nix", beforeFailure))
				before := p.runsExactly("base", "changes", "goes")
				r := p.switchTo(p.model("model.nix", afterWith(c.start)))
				if r.code != c.code {
					t.Errorf("exit code %d, want %d\n%s", r.code, c.code, r.stderr)
				}
				for _, want := range c.says {
					if !strings.Contains(r.stderr, want) {
						t.Errorf("the message lacks %q:\n%s", want, r.stderr)
					}
				}
				kept(t, before, p.runsExactly("base", "changes", "goes"), "base")
				if list := p.mustSwitchTo("--list-generations").stdout; strings.Count(list, "\n") != 1 || !strings.Contains(list, "(current)") {
					t.Errorf("the generations are\n%s", list)
				}
				p.mustSwitchTo(p.model("model.nix", afterWith(workingStart)))
				p.runsExactly("base", "changes", "new", "last")
			})
		})
	}
}

// A first deployment that fails leaves nothing.
func TestDisnixFailedFirstDeployment(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		r := p.switchTo(p.model("model.nix", `{ good = sleeper "good" { }; bad = sleeper "bad" { args = [ "no-number" ]; }; }`))
		if r.code != 1 || !strings.Contains(r.stderr, "process 'bad' failed to stay up") || !strings.Contains(r.stderr, "no-number") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		p.runsExactly()
		if _, _, alive := p.process("good"); alive {
			t.Error("a process is left")
		}
		entries, err := os.ReadDir(p.path("profiles/disnix-coordinator"))
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), ".") {
				t.Errorf("the coordinator has %s (%v)", entry.Name(), err)
			}
		}
	})
}

// disnix-deploy fails: nothing moves. It is asked beforehand, as far as that is
// possible, so nothing is stopped in vain.
func TestDisnixThatFails(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		p.mustSwitchTo(p.model("model.nix", `{ a = sleeper "a" { }; }`))
		before := p.runsExactly("a")
		lock := p.write("tmp dir/disnix-default.lock", "")
		r := p.switchTo(p.model("model.nix", `{ a = sleeper "a" { args = [ 2000 ]; }; }`))
		if r.code != 1 || !strings.Contains(r.stderr, "remove "+lock) {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		kept(t, before, p.runsExactly("a"), "a")
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}

		// One that fails with all processes stopped: they run again.
		failing := filepath.Join(p.state, "failing")
		if err := os.Mkdir(failing, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(failing, "disnix-deploy"), []byte("#!/bin/sh\necho 'no luck today' >&2\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		env := p.env
		p.env = slices.Clone(env)
		for i, variable := range p.env {
			if path, ok := strings.CutPrefix(variable, "PATH="); ok {
				p.env[i] = "PATH=" + failing + ":" + path
			}
		}
		r = p.switchTo(p.path("model.nix"))
		p.env = env
		if r.code != 1 || !strings.Contains(r.stderr, "no luck today") || !strings.Contains(r.stderr, "disnix-deploy --coordinator-profile-path") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		after := p.runsExactly("a")
		if after["a"] == before["a"] {
			t.Error("nothing was stopped, though nobody knew that it would fail")
		}
		p.mustSwitchTo(p.path("model.nix"))
		p.runsExactly("a")
	})
}

// Two profiles at once do not touch each other, nor those of other managers.
func TestDisnixProfilesSideBySide(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		p.mustSwitchTo(p.model("one.nix", `{ a = sleeper "a" { }; }`))
		first := p.observe("a")
		two := p.model("two.nix", `{ b = sleeper "b" { }; }`)
		p.mustSwitchTo("-p", "second", two)
		both := p.runsExactly("a", "b")
		kept(t, first, both, "a")
		if r := p.switchTo("-p", "third", p.path("one.nix")); r.code != 1 || !strings.Contains(r.stderr, "process 'a' of the profile 'default'") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		p.deployment.mustSwitchTo("--host-packages", p.model("three.nix", `{ c = sleeper "c" { }; }`))
		p.mustSwitchTo("-p", "second", "--undeploy")
		kept(t, both, p.runsExactly("a"), "a")
		if _, _, alive := p.process("c"); !alive {
			t.Error("the process of another manager does not run")
		}
		if r := p.nixproc("status"); !strings.Contains(r.stdout, "c  ") {
			t.Errorf("status shows\n%s%s", r.stdout, r.stderr)
		}
		if r := p.nixproc("status", "-P", "disnix"); !strings.Contains(r.stdout, "a  ") {
			t.Errorf("status shows\n%s%s", r.stdout, r.stderr)
		}
	})
}

// P4: nixproc is killed while disnix-deploy is at work. The next switch waits for
// its end, and then restarts what is in doubt; no process runs twice.
func TestDisnixInterrupted(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		p.mustSwitchTo(p.model("model.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`))
		before := p.runsExactly("a", "b")
		slow := p.model("slow.nix", `{ a = sleeper "a" { args = [ 2000 ]; initialize = "echo >'${stateDir}/begun'; until [ -e '${stateDir}/go' ]; do sleep 0.02; done"; }; b = sleeper "b" { }; }`)
		if r := p.nixproc("build", "-P", "disnix", "--no-out-link", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages", slow); r.code != 0 {
			t.Fatal(r.stderr)
		}
		cmd := exec.Command(p.binary, "disnix-switch", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages", slow)
		cmd.Dir, cmd.Env = p.dir, p.env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "that a begins to start", func() bool { _, err := os.Stat(p.path("state/begun")); return err == nil })
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		next := p.begin(cmd.Args[1:]...)
		next.says("is still at work: waiting for its end")
		p.write("state/go", "")
		if r := next.ends(); r.code != 0 {
			t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		kept(t, before, p.runsExactly("a", "b"), "b")
		if found := mentions(t, p.path("state/log/nixproc-a.log")); len(found) != 1 {
			t.Errorf("a runs %d times: %q", len(found), found)
		}
		p.mustSwitchTo("--undeploy")
		if left := mentions(t, p.path("state")); len(left) > 0 {
			t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
		}
	})
}
