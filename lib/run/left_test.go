package run

import (
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"nixproc/lib/pidfile"
)

// Guards P4: after a boot, whoever has the number of a program that was left is a
// stranger, also where only its session has it.
func TestLeftBeforeBoot(t *testing.T) {
	t.Parallel()
	for _, leaderEnds := range []bool{false, true} {
		cmd := exec.Command("sh", "-c", "sleep 60 & wait")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); cmd.Wait() })
		since, _ := pidfile.Started(cmd.Process.Pid)
		now := Left{PID: cmd.Process.Pid, Since: since, Boot: pidfile.Boot()}
		until(t, "it has started something", func() bool { return len(now.Others()) == 1 })
		others := now.Others()
		if leaderEnds {
			cmd.Process.Kill()
			until(t, "the program ends", func() bool { return !now.Alive() })
		}
		before := now
		before.Boot = "another"
		if before.Alive() || len(before.Others()) > 0 {
			t.Errorf("alive %t, others %v", before.Alive(), before.Others())
		}
		if err := before.end(100 * time.Millisecond); err != nil {
			t.Error(err)
		}
		if now.Alive() == leaderEnds || !slices.Equal(now.Others(), others) {
			t.Errorf("strangers were touched: alive %t, others %v", now.Alive(), now.Others())
		}
	}
}

// Guards P4: the processes of the kernel, and those that whatever made the
// machine runs in the session 0, are no program's.
func TestLeftOfNobody(t *testing.T) {
	t.Parallel()
	for pid := range 2 {
		l := Left{PID: pid, Boot: pidfile.Boot()}
		l.Since, _ = pidfile.Started(pid)
		if l.Alive() || len(l.Others()) > 0 {
			t.Errorf("of %d, alive %t, others %v", pid, l.Alive(), l.Others())
		}
	}
}
