package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The log service runs as its own user, which stays as long as any process
// does, though those of processes that leave the model go (D33); what dies is
// started again, and a log outlives its process.
func TestS6rcLogService(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	p := s6rcFor(m.deployment, "state")
	p.options = []string{"--state-dir", p.state, "--host-packages"}
	p.run()
	model := func(more string) string {
		return m.model("model.nix", `{ a = sleeper "a" { }; `+more+` }`)
	}
	p.mustSwitchTo(model(`b = sleeper "b" { user = "npb"; credentials = { groups.npb = { }; users.npb.group = "npb"; }; };`))
	before := p.runsExactly("a", "b")
	fields := strings.Split(m.account("passwd", "s6-log")+":::", ":")
	uid, _ := strconv.Atoi(fields[2])
	gid, _ := strconv.Atoi(fields[3])
	runsAs(t, "the log service", p.number("a-log"), uid, gid)
	if uid == 0 {
		t.Error("s6-log is root, or is not there")
	}
	if m.account("passwd", "npb") == "" {
		t.Error("there is no npb")
	}

	p.mustSwitchTo(model(""))
	kept(t, before, p.runsExactly("a"), "a", "a-log")
	m.hasNot("npb")
	if m.account("passwd", "s6-log") == "" {
		t.Error("s6-log is gone")
	}

	died := p.number("a")
	if err := syscall.Kill(died, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that the process runs again", func() bool {
		o := p.observe()["a"]
		return o != "" && !strings.HasPrefix(o, fmt.Sprintf("%d ", died))
	})
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	m.hasNot("s6-log")
	if _, err := os.Stat(filepath.Join(p.state, "log/s6-log/a/current")); err != nil {
		t.Errorf("the log is gone: %v", err)
	}
}
