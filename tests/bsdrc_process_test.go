package tests

import (
	"strings"
	"testing"
)

// The signals that a model gives for a reload and for the end; output in the log
// of daemon(8) (D39).
func TestBsdrcSignals(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	// Where no user is changed, limits(1) is not called: only root may.
	b.inside("rm", "/usr/sbin/limits")
	b.mustSwitchTo(b.model("model.nix", `{
  a = sleeper "a" {
    foregroundProcess = script "a" "trap 'echo reloaded' USR1; trap 'echo ended; exit' INT; while :; do sleep 0.05; done"; args = [ ];
    overrides.bsdrc = { reloadSignal = "USR1"; stopSignal = "INT"; };
  };
}`))
	before := b.runsExactly("a")
	log := func() string { return read(t, b.path("state/log/nixproc-a.log")) }
	eventually(t, "that the signal arrives", func() bool {
		if r := b.nixproc("bsdrc-runactivity", "onereload"); r.code != 0 {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		return strings.Contains(log(), "reloaded\n")
	})
	same(t, before, b.observe(), "a")
	b.leavesNothing()
	if !strings.Contains(log(), "ended\n") {
		t.Errorf("the log has\n%s", log())
	}
	if r := b.nixproc("bsdrc-switch", "--state-dir", b.path("state"), "--host-packages", b.path("model.nix")); r.code != 1 || !strings.Contains(r.stderr, "limits: not found") {
		t.Errorf("limits(1) was not called for root: exit code %d\n%s", r.code, r.stderr)
	}
}
