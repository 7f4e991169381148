package pidfile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sleep.Process.Kill(); sleep.Wait() })
	zombie := exec.Command("true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { zombie.Wait() })
	for alive := true; alive; time.Sleep(10 * time.Millisecond) {
		_, alive = Started(zombie.Process.Pid)
	}
	pid := fmt.Sprint(sleep.Process.Pid)

	for _, test := range []struct {
		what, content, program string
		age                    time.Duration
		alive                  bool
	}{
		{"a process that lives", pid + "\n", "/bin/sleep", 0, true},
		{"without a line end, and with words behind", pid + " x", "", 0, true},
		{"D23: a number that was given again", pid, "/bin/webapp", 10 * time.Second, false},
		{"an old file, but the program is the right one", pid, "/other/sleep", 10 * time.Second, true},
		{"D24: from before this boot, so perhaps of another instance", pid, "/other/sleep", 20 * 365 * 24 * time.Hour, false},
		{"a zombie has ended", fmt.Sprint(zombie.Process.Pid), "true", 0, false},
		{"empty", "", "sleep", 0, false},
		{"rubbish", "abc", "sleep", 0, false},
		{"init is never meant", "1", "", 0, false},
		{"negative", "-5", "", 0, false},
		{"no such process", "4194300", "", 0, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a b.pid")
			if err := os.WriteFile(file, []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			then := time.Now().Add(-test.age)
			if err := os.Chtimes(file, then, then); err != nil {
				t.Fatal(err)
			}
			process, alive, err := Read(file, Expected{Program: test.program})
			if err != nil || alive != test.alive {
				t.Fatalf("alive %t, error %v, want %t", alive, err, test.alive)
			}
			if alive && (process.PID != sleep.Process.Pid || time.Since(process.Start) > time.Minute || time.Since(process.Start) < -time.Second) {
				t.Errorf("%+v", process)
			}
		})
	}
	if _, alive, err := Read(t.TempDir(), Expected{}); alive || err != nil {
		t.Errorf("a directory: alive %t, error %v", alive, err)
	}
	if _, alive, err := Read(filepath.Join(t.TempDir(), "missing"), Expected{}); alive || err != nil {
		t.Errorf("a missing file: alive %t, error %v", alive, err)
	}
}
