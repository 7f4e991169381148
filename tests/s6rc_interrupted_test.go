package tests

import (
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// P4: whatever a switch that was killed left behind, be it an s6-rc that still
// waits for a service, the next one makes it right, and so does going back.
func TestS6rcKilled(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	model := func(name, word, slowly string) string {
		return p.model(name, `rec { kept = sleeper "kept" { }; quick = sleeper "quick" { args = [ `+word+` ]; };
			slow = sleeper "slow" { args = [ `+word+` ]; initialize = "sleep `+slowly+`; echo >&3"; dependencies = [ quick.pkg ]; overrides.s6-rc.notificationFd = 3; }; }`)
	}
	one, two := model("one.nix", "1001", "0"), model("two.nix", "1002", "3")
	p.mustSwitchTo(one)
	before := p.observe()
	kill := func(args ...string) {
		t.Helper()
		cmd := exec.Command(p.binary, slices.Concat([]string{"s6-rc-switch"}, p.options, args)...)
		cmd.Dir, cmd.Env = p.dir, p.env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.journaled("s6-rc", `"begun"`)
		time.Sleep(time.Second)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
	}
	for _, next := range []struct{ model, word string }{{two, "1002"}, {one, "1001"}} {
		kill(two)
		p.mustSwitchTo(next.model)
		after := p.runsExactly("kept", "quick", "slow")
		kept(t, before, after, "kept")
		for _, name := range []string{"quick", "slow"} {
			if line := read(t, "/proc", p.pid(name), "cmdline"); line[max(0, len(line)-5):] != next.word+"\x00" {
				t.Errorf("%s runs as %q, want the argument %s", name, line, next.word)
			}
		}
		p.mustSwitchTo(one)
		before = p.runsExactly("kept", "quick", "slow")
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}
