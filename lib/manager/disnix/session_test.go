package disnix

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Whatever a user has left in a session is waited for.
func TestKin(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can run something as others")
	}
	cmd := exec.Command("/bin/sh", "-c", `sleep 0.3 & echo; exec sleep 60`)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 42401, Gid: 42401}}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	k, known := kinOf(fmt.Sprintf("/proc/%d", cmd.Process.Pid))
	if want := (kin{session: fmt.Sprint(cmd.Process.Pid), user: "42401"}); !known || k != want {
		t.Fatalf("it is in %v, want %v", k, want)
	}
	begin := time.Now()
	cmd.Process.Kill()
	cmd.Process.Wait()
	if err := k.gone(t.Context()); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(begin); waited < 100*time.Millisecond {
		t.Errorf("only %s were waited for a child that sleeps for 300 ms", waited)
	}
	if _, known := kinOf("/proc/self"); known {
		t.Error("root is waited for")
	}
}
