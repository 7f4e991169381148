package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var lateBinary = sync.OnceValues(func() (string, error) {
	store, err := sharedStore()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(store.dir, "late")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/late", "./late")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir + "/late", nil
})

// late is a model, in which LATE is the program of that name, with a function
// late NAME ARGUMENTS SET -> { pkg = …; }, PORT a port, and PAGE the page there.
func (d *deployment) late(name string, port int, body string) string {
	d.t.Helper()
	binary, err := lateBinary()
	if err != nil {
		d.t.Fatal(err)
	}
	return d.model(name, strings.NewReplacer("PORT", fmt.Sprint(port), "PAGE", fmt.Sprintf("http://127.0.0.1:%d/", port)).Replace(
		`let late = name: args: more: sleeper name ({ inherit args; foregroundProcess = "${/. + `+nixString(binary)+`}"; } // more);
in `+body))
}

const (
	// What depends on the server would end at once without it.
	lateModel = `rec {
  front = late "front" [ "-listen" "127.0.0.1:PORT" "-after" "700ms" "-unavailable" "600ms" ] { } // { readiness.http = "PAGE"; };
  back = late "back" [ "-needs" "PAGE" ] { dependencies = [ front.pkg ]; };
}`
	frontOf = `rec {
  front = late "front" [ "-listen" "127.0.0.1:PORT" %s ] { } // { readiness = { %s }; };
  back = late "back" [ "-needs" "PAGE" "-after" "1s" ] { dependencies = [ front.pkg ]; };
}`
)

// What depends on a process waits until it is ready, when it is started and when
// it is started again by an undo; if it does not become ready, or ends, all is as
// before, and the message says what it answered and what it said last (P5, P13).
func TestDependentsWaitUntilReady(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		switch c.name {
		case "docker", "s6-rc", "supervisord", "systemd", "sysvinit":
		default:
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := c.start(t)
			port := freePorts(t, 1)[0]
			good := i.late("good.nix", port, lateModel)
			r := i.switchTo(c, good)
			if r.code != 0 || !strings.Contains(r.stderr, "front is ready (") {
				t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			front, back := i.pid("front"), i.pid("back")
			for name, bad := range map[string]struct {
				arguments, readiness string
				says                 []string
			}{
				"never": {`"-after" "1h"`, "tcp = PORT; timeout = 1.5;", []string{
					"process 'front' failed to become ready: within 1.5s, a connection to 127.0.0.1:%d or [::1]:%[1]d gave: connect: connection refused", "late: still asleep"}},
				"dies": {`"-after" "1h" "-dies" "1500ms"`, "tcp = PORT; timeout = 300;", []string{
					"process 'front' failed to become ready: it ended before it was ready", "late: no more of this"}},
			} {
				r := i.switchTo(c, i.late(name+".nix", port, fmt.Sprintf(frontOf, bad.arguments, bad.readiness)))
				if r.code != 1 {
					t.Errorf("%s: exit code %d, want 1", name, r.code)
				}
				for _, want := range append(bad.says, "undo: front is ready (", "all steps were undone") {
					if strings.Contains(want, "%") {
						want = fmt.Sprintf(want, port)
					}
					if !strings.Contains(r.stderr, want) {
						t.Errorf("%s: the message lacks %q:\n%s", name, want, r.stderr)
					}
				}
				if i.pid("front") == front || i.pid("back") == back {
					t.Errorf("%s: one was not touched", name)
				}
				front, back = i.pid("front"), i.pid("back")
			}
			// Another way to ask restarts nothing, and asks nobody.
			r = i.switchTo(c, i.late("other.nix", port, strings.Replace(lateModel, "readiness.http = \"PAGE\"", "readiness.command = [ \"/bin/false\" ]", 1)))
			if r.code != 0 || i.pid("front") != front || i.pid("back") != back {
				t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			i.mustSwitchTo(c, "--undeploy")
		})
	}
}

// Disnix starts all by one command, so what depends on a process does not wait
// there; that it is not ready fails the switch all the same.
func TestDisnixIsReadyAfterwards(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		if c.name != "disnix (stand-in)" {
			continue
		}
		i := c.start(t)
		port := freePorts(t, 1)[0]
		model := func(name, after string, timeout int) string {
			return i.late(name+".nix", port, fmt.Sprintf(`{ front = late "front" [ "-listen" "127.0.0.1:PORT" "-after" %q ] { } // { readiness = { tcp = "localhost:PORT"; timeout = %d; }; }; }`, after, timeout))
		}
		r := i.switchTo(c, model("good", "700ms", 60))
		if r.code != 0 || !strings.Contains(r.stderr, "front is ready (") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		r = i.switchTo(c, model("bad", "1h", 2))
		if r.code != 1 || !strings.Contains(r.stderr, "process 'front' failed to become ready: within 2s, ") || !strings.Contains(r.stderr, "undo: front is ready (") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		i.mustSwitchTo(c, "--undeploy")
	}
}

// A command is asked as well; it stays in the store as long as the profile.
func TestReadyByCommand(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	flag := d.path("flag")
	model := func(test, timeout string) string {
		return d.model("model.nix", `rec {
  one = sleeper "one" { foregroundProcess = script "one" "sleep 0.3; touch '`+flag+`'; exec sleep 1000"; args = [ ]; } // {
    readiness = { command = [ (script "ask" "test \"$PATH\" = /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin && `+test+` && exit; echo not there >&2; exit 3") "'`+flag+`'" ]; timeout = `+timeout+`; };
  };
  two = sleeper "two" { foregroundProcess = script "two" "test -e '`+flag+`' && exec sleep 1000"; args = [ ]; dependencies = [ one.pkg ]; };
}`)
	}
	d.mustSwitchTo("--host-packages", model(`test -e '`+flag+`'`, "60"))
	runs(t, d.observe(), "one", "two")
	closure := d.must("nix-store", "--query", "--requisites", d.path("profiles", "processes")).stdout
	if !strings.Contains(closure, "-ask\n") {
		t.Errorf("the command is no part of the profile:\n%s", closure)
	}
	d.mustSwitchTo("--undeploy")
	r := d.switchTo("--host-packages", model("false", "2"))
	if r.code != 1 || !strings.Contains(r.stderr, "within 2s, ") || !strings.Contains(r.stderr, "failed with exit code 3; its last lines:\n  not there") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// P11: an interruption ends the wait at once, with the command that is asked.
func TestInterruptedWaitUntilReady(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	seconds := longTime()
	s := d.start("--host-packages", "--runlevel=3", d.model("model.nix", `{
  one = sleeper "one" { } // { readiness = { command = [ "${pkgs.coreutils}/bin/sleep" "`+seconds+`" ]; timeout = 600; }; };
}`))
	eventually(t, "the command runs", func() bool { return len(mentions(t, seconds)) > 0 })
	r := s.interrupt(syscall.SIGINT)
	if r.code != codeFailed || !strings.Contains(r.stderr, "all steps were undone") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if left := mentions(t, seconds); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	runs(t, d.observe())
}

// P4: a switch that was killed while it waited leaves a process that is started
// already. The next one does not restart it, and waits in its turn.
func TestKilledWaitUntilReady(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.late("model.nix", freePorts(t, 1)[0], strings.Replace(lateModel, `"700ms"`, `"4s"`, 1))
	s := d.start("--host-packages", "--runlevel=3", model)
	s.says("started front")
	s.cmd.Process.Kill()
	<-s.done
	before := d.observe()
	runs(t, before, "front")
	// It was the first one, so there is no generation: what runs of it is told.
	status := d.nixproc("status")
	if status.code != codeFailed || !strings.Contains(status.stdout, "front    running    "+before.fact("process front pid")) || strings.Contains(status.stdout, "back") ||
		!strings.Contains(status.stdout, "of a switch that did not come to its end") || !strings.Contains(status.stderr, "nixproc recover -p processes undoes it") {
		t.Errorf("status: exit code %d\n%s%s", status.code, status.stdout, status.stderr)
	}
	r := d.mustSwitchTo("--host-packages", model)
	if !strings.Contains(r.stderr, "front is ready (") {
		t.Errorf("nobody waited:\n%s", r.stderr)
	}
	after := d.observe()
	runs(t, after, "front", "back")
	same(t, before, after, "front")
	d.mustSwitchTo("--undeploy")
}
