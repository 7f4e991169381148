package tests

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// lateWriter is a shell script that leaves a daemon behind, which writes to
// both of its outputs once there is a file GO, and then to the file SURVIVED.
const lateWriter = `''
  setsid sh -c '
    echo $$ >"$PID_FILE"
    until [ -e "$GO" ]; do sleep 0.05; done
    echo "late on stdout"
    echo "late on stderr" >&2
    echo >"$SURVIVED"
    exec sleep 1000
  ' &
  until [ -s "$PID_FILE" ]; do sleep 0.05; done
''`

// Running programs (DESIGN.md, 3): a daemon that a script leaves behind keeps
// its outputs. The command neither waits for it, nor is it killed with SIGPIPE
// when the command has long ended, and what it writes is in the log.
func TestDaemonWritesLate(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("model.nix", `
let
  late = script "late-writer" `+lateWriter+`;
  process = name: more: {
    pkg = create {
      inherit name;
      instanceName = name;
      daemon = late;
      environment = {
        PID_FILE = "${runtimeDir}/${name}.pid";
        GO = "${stateDir}/go";
        SURVIVED = "${stateDir}/${name} survived";
      };
      overrides.sysvinit = { runlevels = [ 3 4 5 ]; } // more;
    };
  };
in
{
  generated = process "generated" { };
  instruction = process "instruction" { instructions.start.instruction = late; };
  raw = process "raw" { activities.start = "echo starting\n${late}"; };
}`)
	names := []string{"generated", "instruction", "raw"}
	// If it waited for the daemons, it would not end: they run until GO is there.
	d.mustSwitchTo("--host-packages", model)
	before := d.observe()
	runs(t, before, names...)
	for _, name := range names {
		if log := read(t, d.path("state/log/nixproc-"+name+".log")); strings.Contains(log, "late") {
			t.Fatalf("the log of %s holds what cannot have been written yet:\n%s", name, log)
		}
	}
	d.write("state/go", "")
	for _, name := range names {
		eventually(t, name+" has written", func() bool {
			_, err := os.Stat(d.path("state", name+" survived"))
			return err == nil
		})
		log := read(t, d.path("state/log/nixproc-"+name+".log"))
		for _, want := range []string{"late on stdout\n", "late on stderr\n"} {
			if strings.Count(log, want) != 1 {
				t.Errorf("the log of %s does not hold %q once:\n%s", name, want, log)
			}
		}
	}
	same(t, before, d.observe(), names...)
	d.leavesNothing(nil, before)
}

// A process is run as its author says, whether it is a daemon or is made one:
// working directory, umask, niceness, environment; and it inherits nothing of
// the caller's.
func TestProcessIsRunAsDescribed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	d.env = append(d.env, "CALLERS_SECRET=1")
	work := d.path("work dir")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	model := d.model("model.nix", `
let
  described = {
    directory = `+nixString(work)+`;
    umask = "027";
    nice = 3;
    environment.COLOUR = "it's \"light\" $blue";
    overrides.sysvinit.runlevels = [ 3 4 5 ];
  };
in
{
  foreground = sleeper "foreground" described;
  daemon.pkg = create (described // {
    name = "daemon";
    instanceName = "daemon";
    daemon = script "daemonize" "setsid sleep 1000 & echo $! >\"$PID_FILE\"";
    environment = described.environment // { PID_FILE = "${runtimeDir}/daemon.pid"; };
  });
  plain = sleeper "plain" { };
}`)
	d.mustSwitchTo("--host-packages", model)
	o := d.observe("COLOUR")
	runs(t, o, "foreground", "daemon", "plain")
	usual, err := strconv.Atoi(o.fact("process plain nice")) // that of this test
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"foreground", "daemon"} {
		for about, want := range map[string]string{
			"umask": "0027", "nice": strconv.Itoa(usual + 3), "directory": work, "variable": `COLOUR=it's "light" $blue`,
		} {
			if got := o.fact("process " + name + " " + about); got != want {
				t.Errorf("%s has %s %q, want %q", name, about, got, want)
			}
		}
	}
	for about, want := range map[string]string{"umask": "0022", "directory": "/"} {
		if got := o.fact("process plain " + about); got != want {
			t.Errorf("plain has %s %q, want %q", about, got, want)
		}
	}
	if strings.Contains(string(o), "CALLERS_SECRET") {
		t.Errorf("a process has the caller's environment:\n%s", o)
	}
	d.leavesNothing(nil, o)
}
