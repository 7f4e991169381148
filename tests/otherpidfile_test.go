package tests

import (
	"os"
	"testing"
)

// A daemon that is deployed without privileges, and has its pid file in the
// directory for temporary files, unlike others, is found, kept and stopped.
func TestPIDFileInOtherPlace(t *testing.T) {
	t.Parallel()
	needsRoot(t, "daemon")
	for name, atEnd := range map[string]string{"tidy": `rm \"$PID_FILE\"`, "untidy": ":"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			model := d.model("model.nix", `{ elsewhere.pkg = create {
  instanceName = "elsewhere";
  daemon = script "elsewhere" "(trap '`+atEnd+`; exit' TERM; sleep 0.3; sh -c 'echo $PPID' >\"$PID_FILE\"; while :; do sleep 0.1; done) >/dev/null 2>&1 &";
  environment.PID_FILE = "${tmpDir}/elsewhere.pid";
  overrides.sysvinit.runlevels = [ 3 ];
}; }`)
			for range 2 { // a stale file is in nobody's way
				d.mustSwitchTo("--host-packages", model)
				pid := d.running("elsewhere")
				d.mustSwitchTo("--host-packages", model)
				if now := d.running("elsewhere"); now != pid {
					t.Errorf("it was process %d and is process %d", pid, now)
				}
				d.mustSwitchTo("--host-packages", "--undeploy")
				if alive(pid) {
					t.Errorf("process %d goes on", pid)
				}
				if _, err := os.Lstat(d.path("state/run/elsewhere.pid")); err == nil {
					t.Error("a pid file is left")
				}
			}
		})
	}
}
