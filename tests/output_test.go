package tests

import (
	"os"
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
