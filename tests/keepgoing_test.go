package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// P5, P7, P9, D22: with --keep-going, a process that fails is down, with what
// depends on it, and all else is as it was to be. The generation moves, and the
// exit code is 2. Nothing but what is missing is started by the next switch.
func TestKeepGoing(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		switch c.name {
		case "s6-rc", "supervisord", "systemd", "sysvinit":
		default:
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := c.start(t)
			names := []string{"a", "bad", "worker", "late", "last"}
			number := time.Now().UnixNano() % 1e9 // nobody else sleeps as long
			seconds := func(name string) string { return fmt.Sprintf("%d%09d", 1+slices.Index(names, name), number) }
			process := func(name, program, dependencies string) string {
				return fmt.Sprintf("  %s = sleeper %[1]q { args = [ %[2]q ]; %[3]s dependencies = [ %[4]s ]; };\n", name, seconds(name), program, dependencies)
			}
			model := func(name, program, more string) string {
				return i.model(name, "rec {\n"+process("a", "", "")+process("bad", program, "")+more+process("worker", "", "a.pkg")+"}")
			}
			runsNow := func(want ...string) map[string][]string {
				t.Helper()
				found := map[string][]string{}
				for _, name := range names {
					if now := mentions(t, "\x00"+seconds(name)+"\x00"); len(now) > 0 {
						found[name] = now
					}
					if (len(found[name]) > 0) != slices.Contains(want, name) {
						t.Errorf("%s runs as %q", name, found[name])
					}
				}
				return found
			}
			i.mustSwitchTo(c, model("one.nix", "", ""))
			before := runsNow("a", "bad", "worker")

			more := process("late", "", "bad.pkg") + process("last", "", "worker.pkg a.pkg")
			fails := `foregroundProcess = script "bad" "echo there is no luck today >&2; exit 3";`
			r := i.switchTo(c, "--keep-going", "--json", model("two.nix", fails, more))
			for _, want := range []string{"process 'bad' failed to ", "bad   restart  failed", "late  start    left out", "last  start    done", "as --keep-going asks"} {
				if r.code != 2 || !strings.Contains(r.stderr, want) {
					t.Errorf("exit code %d, and the message lacks %q:\n%s", r.code, want, r.stderr)
				}
			}
			var result struct {
				Generation int
				Error      string
				Processes  []map[string]any
			}
			if err := json.Unmarshal([]byte(r.stdout), &result); err != nil || result.Generation != 2 || !strings.Contains(result.Error, "process 'bad' failed to ") || len(result.Processes) != 5 {
				t.Errorf("%v in\n%s", err, r.stdout)
			}
			after := runsNow("a", "worker", "last")
			if c.name == "sysvinit" { // others take seconds to find out
				r := i.switchTo(c, "--keep-going", i.path("two.nix"))
				if r.code != 2 || strings.Contains(r.stderr, "interrupted") || !strings.Contains(r.stderr, "bad   start  failed") {
					t.Errorf("the same again: exit code %d\n%s", r.code, r.stderr)
				}
			}
			i.mustSwitchTo(c, model("three.nix", "", more))
			last := runsNow("a", "bad", "worker", "late", "last")
			for name, ran := range map[string][]string{"a": before["a"], "worker": before["worker"], "last": after["last"]} {
				if !slices.Equal(last[name], ran) {
					t.Errorf("P9: %s ran as %q, and now as %q", name, ran, last[name])
				}
			}
			i.mustSwitchTo(c, "--undeploy")
			runsNow()
		})
	}
}

// P4, P6: what --keep-going could not stop is named, with what is to be done, and
// remembered: status shows it, and a later command stops it.
func TestKeepGoingRemembersWhatRuns(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	obstacle := d.write("obstacle", "")
	d.mustSwitchTo("--host-packages", d.model("model.nix", `rec {
  base = sleeper "base" { };
  stuck = sleeper "stuck" {
    dependencies = [ base.pkg ];
    overrides.sysvinit = {
      runlevels = [ 3 ];
      instructions.stop = {
        activity = "Stopping";
        instruction = "[ ! -e '`+obstacle+`' ] && killproc -p '${runtimeDir}/stuck.pid' ${pkgs.coreutils}/bin/sleep";
      };
    };
  };
}`))
	before := d.observe()
	runs(t, before, "base", "stuck")
	r := d.switchTo("--undeploy", "--keep-going")
	for _, want := range []string{"process 'stuck' failed to stop", "base   stop  done    stopped", "stuck  stop  failed  running, pid ", "what may run and should not", "init.d/stuck stop"} {
		if r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d, and the message lacks %q:\n%s", r.code, want, r.stderr)
		}
	}
	status := d.nixproc("status", "--runlevel=3")
	if !strings.Contains(status.stdout, "stuck    running    "+before.fact("process stuck pid")) || !strings.Contains(status.stderr, "nixproc recover") {
		t.Errorf("status: exit code %d\n%s%s", status.code, status.stdout, status.stderr)
	}
	for _, command := range [][]string{{"recover", "--keep-going"}, {"recover"}} {
		if r := d.nixproc(command...); r.code == 0 || !strings.Contains(r.stderr, "process 'stuck' failed to stop") {
			t.Errorf("%q: exit code %d\n%s", command, r.code, r.stderr)
		}
	}
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	if r := d.nixproc("recover", "--keep-going"); r.code != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	after := d.observe()
	runs(t, after)
	if r := d.nixproc("recover"); r.code != 0 || !strings.Contains(r.stderr, "nothing to recover") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	d.leavesNothing(nil, before, after)
}
