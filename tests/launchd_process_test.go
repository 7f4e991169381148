package tests

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// One whose proxy was killed does not get a twin, and one that died is started
// by the next switch; the others stay (D22).
func TestLaunchdDaemonsThatDied(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	p := launchdFor(m.deployment)
	p.enter = m.enter()
	p.run()
	switchTo := func(args ...string) outcome {
		return m.nixproc(append([]string{"launchd-switch", "--host-packages", "--state-dir", m.path("state")}, args...)...)
	}
	model := m.probe(map[string]any{}, []string{})
	if r := switchTo(model...); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	before := p.observe()
	died, orphan := m.running("npdaemonroot"), m.running("npdaemonuser")
	for _, pid := range []int{died, p.pid("npdaemonuser")} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "that launchd sees both ended", func() bool { return len(p.observe()) == 3 })
	if r := switchTo(model...); r.code != 0 || !strings.Contains(r.stdout, "2 started, 3 kept") {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	eventually(t, "that both daemons are others", func() bool {
		first, _, alive := m.process("npdaemonroot")
		second, _, lives := m.process("npdaemonuser")
		return alive && lives && first != died && second != orphan
	})
	gone(t, orphan)
	kept(t, before, p.observe(), "npforegrounduser", "npforegroundroot", plain)

	if r := switchTo("--undeploy"); r.code != 0 {
		t.Fatalf("undeploy: exit code %d\n%s", r.code, r.stderr)
	}
	m.hasNot("npforegrounduser")
	m.hasNot("npdaemonuser")
	if entries, err := os.ReadDir(p.dir); err == nil && len(entries) > 0 {
		t.Errorf("the directory has %v", entries)
	}
}
