package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const slowNumbers = `{ a = number "a" { }; slow = daemon "slow" "` + onceToldTo + `sleep 1000 & echo $! > \"$PID_FILE\"" [ ]; }`

// A file that somebody else changes in the meantime is not overwritten: the
// switch fails.
func TestIDsChangedMeanwhile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.numbered("model.nix", slowNumbers)
	d.write("idresources.nix", "{ numbers = { min = 2001; max = 2006; }; }")
	command := d.start("--runlevel=3", "--id-resources=idresources.nix", "--ids=ids.nix", model)
	waitFor(t, command, d.path("state/run/slow.pid.begun"))
	d.write("ids.nix", "{ ids.numbers.a = 2005; }")
	d.write("state/run/slow.pid.go", "")
	if r := command.ends(); r.code != codeFailed || !strings.Contains(r.stderr, "ids.nix was changed by somebody else in the meantime") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if got := read(t, d.path("ids.nix")); got != "{ ids.numbers.a = 2005; }" {
		t.Errorf("ids.nix is\n%s", got)
	}
	if pid, _, alive := d.process("a"); alive {
		t.Errorf("a runs: %d", pid)
	}
	d.mustSwitchIDs(model)
	d.runsWith(map[string]int{"a": 2005})
	d.mustSwitchTo("--undeploy")
}

// A switch that is killed while processes start leaves the file as it was.
func TestKilledSwitchLeavesIDs(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.numbered("model.nix", slowNumbers)
	d.write("idresources.nix", "{ numbers = { min = 2001; max = 2006; }; }")
	command := d.start("--runlevel=3", "--id-resources=idresources.nix", "--ids=ids.nix", model)
	waitFor(t, command, d.path("state/run/slow.pid.begun"))
	command.interrupt(syscall.SIGKILL)
	d.write("state/run/slow.pid.go", "")
	if present(d.path("ids.nix")) {
		t.Error("the file was made")
	}
	waitFor(t, command, d.path("state/run/slow.pid"))
	d.mustSwitchIDs(model)
	d.runsWith(map[string]int{"a": 2001})
	d.mustSwitchTo("--undeploy")
}

// waitFor waits until a command has made a file.
func waitFor(t *testing.T, command *started, path string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !present(path); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %s:\n%s", path, read(t, command.stderr))
		}
	}
}

// A switch that is killed at any of the moves in its commit leaves a file that
// the next command makes agree with the profile, whatever that command is.
func TestKilledCommit(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("strace", "-b", "execve", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v: %s", err, out)
	}
	next := map[string]func(d *deployment, model string) outcome{
		"the same": func(d *deployment, model string) outcome { return d.mustSwitchIDs(model) },
		"back":     func(d *deployment, model string) outcome { return d.mustSwitchTo(d.path("first.nix")) },
		"undeploy": func(d *deployment, model string) outcome { return d.mustSwitchTo("--undeploy") },
		"rollback": func(d *deployment, model string) outcome { return d.switchTo("--rollback") },
	}
	for _, at := range []struct {
		path, call string
		moved      bool   // the profile has
		left       string // what ids.nix has then
	}{
		{"profiles/.processes.nixproc/companion.json", "/^rename", false, "one"},
		{"ids.nix", "/^rename", false, "one"},
		{"profiles/processes", "/^rename", false, "two"},
		{"profiles/.processes.nixproc/companion.json", "/^unlink", true, "two"},
	} {
		for name, command := range next {
			if at.path != "profiles/processes" && name != "the same" && name != "back" {
				continue // they do the same as back does
			}
			t.Run(fmt.Sprintf("%s of %s, then %s", at.call[2:], filepath.Base(at.path), name), func(t *testing.T) {
				t.Parallel()
				d := newDeployment(t)
				d.hostNeeds("daemon")
				d.mustSwitchIDs(d.numbered("first.nix", `{ a = number "a" { }; }`))
				one := read(t, d.path("ids.nix"))
				two := strings.ReplaceAll(strings.Replace(one, "= 2001;\n", "= 2001;\n      \"b\" = 2002;\n", 1), `"numbers" = 2001`, `"numbers" = 2002`)
				model := d.numbered("model.nix", `{ a = number "a" { }; b = number "b" { }; }`)
				r := d.program("strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-P", d.path(at.path), "-e", "inject="+at.call+":error=EIO:signal=KILL",
					d.binary, "sysvinit-switch", "--runlevel=3", "--state-dir", d.path("state"), "--force-disable-user-change",
					"--id-resources=idresources.nix", "--ids=ids.nix", model)
				if r.code == 0 || strings.Contains(r.stderr, "undo") {
					t.Fatalf("the switch was not killed: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
				}
				if got, want := read(t, d.path("ids.nix")), map[string]string{"one": one, "two": two}[at.left]; got != want {
					t.Errorf("after it was killed, ids.nix is\n%s", got)
				}
				if generation, err := os.Readlink(d.path("profiles/processes")); err != nil || (generation == "processes-2-link") != at.moved {
					t.Errorf("the profile is at %s (%v)", generation, err)
				}
				r = command(d, model)
				want := one
				if at.moved || name == "the same" {
					want = two
				}
				if got := read(t, d.path("ids.nix")); got != want {
					t.Errorf("then ids.nix is\n%s\nit says\n%s", got, r.stderr)
				}
				if said := strings.Contains(r.stderr, "ids.nix is as it was before"); said != (at.path == "profiles/processes") {
					t.Errorf("it says\n%s", r.stderr)
				}
				d.mustSwitchTo("--undeploy")
			})
		}
	}
}
