package tests

import (
	"os"
	"testing"
)

// A daemon that is deployed without privileges, and has its pid file in the
// directory for temporary files, unlike others, is found, kept and stopped.
func TestPIDFileInOtherPlace(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		switch c.name {
		case "bsdrc", "disnix (stand-in)", "sysvinit":
		default:
			continue
		}
		c.sameUser = true
		for name, atEnd := range map[string]string{"tidy": `rm \"$PID_FILE\"`, "untidy": ":"} {
			if c.name == "bsdrc" && name == "untidy" || c.name == "disnix (stand-in)" && name == "tidy" {
				continue // one of the two is enough there
			}
			t.Run(c.name+" "+name, func(t *testing.T) {
				t.Parallel()
				i := c.start(t)
				model := i.model("model.nix", `{ elsewhere.pkg = create {
  instanceName = "elsewhere";
  daemon = script "elsewhere" "(trap '`+atEnd+`; exit' TERM; sleep 0.3; sh -c 'echo $PPID' >\"$PID_FILE\"; while :; do sleep 0.1; done) >/dev/null 2>&1 &";
  environment.PID_FILE = "${tmpDir}/elsewhere.pid";
  overrides.sysvinit.runlevels = [ 3 ];
}; }`)
				for range 2 { // a stale file is in nobody's way
					i.mustSwitchTo(c, model)
					pid := i.pid("elsewhere")
					i.mustSwitchTo(c, model)
					if now := i.pid("elsewhere"); now != pid {
						t.Errorf("it was process %d and is process %d", pid, now)
					}
					i.mustSwitchTo(c, "--undeploy")
					if alive(pid) {
						t.Errorf("process %d goes on", pid)
					}
					if _, err := os.Lstat(i.path("state/run/elsewhere.pid")); err == nil {
						t.Error("a pid file is left")
					}
				}
			})
		}
	}
}
