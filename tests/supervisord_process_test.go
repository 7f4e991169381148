package tests

import (
	"syscall"
	"testing"
)

// A daemon that dies is started again by supervisord; one whose proxy is killed
// does not get a twin.
func TestSupervisordDaemons(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	p.mustSwitchTo(p.model("daemons.nix", "{ "+selfDaemon("dies")+selfDaemon("orphan")+"}"))
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
	replaced("orphan", p.number("orphan"), orphan)
	gone(t, orphan)
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	for _, name := range []string{"dies", "orphan"} {
		if pid, _, alive := p.process(name); alive {
			t.Errorf("%s is left as process %d", name, pid)
		}
	}
}
