package tests

import (
	"fmt"
	"strconv"
	"syscall"
	"testing"
)

// A daemon that dies is started again by supervisord; one whose proxy is killed
// does not get a twin.
func TestSupervisordDaemons(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	daemon := func(name string) string {
		return fmt.Sprintf(`%[1]s.pkg = create {
  name = %[1]q; pidFile = "${runtimeDir}/%[1]s.pid"; environment.PID_FILE = "${runtimeDir}/%[1]s.pid";
  daemon = script %[1]q "sleep 1000 >/dev/null 2>&1 & echo $! >\"$PID_FILE\"";
};
`, name)
	}
	p.mustSwitchTo(p.model("daemons.nix", "{ "+daemon("dies")+daemon("orphan")+"}"))
	replaced := func(name string, kill, was int) {
		t.Helper()
		if err := syscall.Kill(kill, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "that "+name+" runs again", func() bool {
			pid, _, alive := p.process(name)
			return alive && pid != was
		})
	}
	died, orphan := p.running("dies"), p.running("orphan")
	replaced("dies", died, died)
	proxy, err := strconv.Atoi(p.pid("orphan"))
	if err != nil {
		t.Fatal(err)
	}
	replaced("orphan", proxy, orphan)
	gone(t, orphan)
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	for _, name := range []string{"dies", "orphan"} {
		if pid, _, alive := p.process(name); alive {
			t.Errorf("%s is left as process %d", name, pid)
		}
	}
}
