package disnix

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Whatever a user has left in a session is waited for, here one that reads until
// there is no more.
func TestKin(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can run something as others")
	}
	cmd := exec.Command("/bin/sh", "-c", `cat <&3 & echo; exec sleep 60`)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	cmd.ExtraFiles = []*os.File{read} // descriptor 3
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 42401, Gid: 42401}}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cmd.Start(), read.Close()); err != nil {
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
	cmd.Process.Kill()
	cmd.Process.Wait()
	gone := make(chan error, 1)
	go func() { gone <- k.gone(t.Context()) }()
	select {
	case err := <-gone:
		t.Fatalf("nobody waits for the child: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	write.Close()
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	if _, known := kinOf("/proc/self"); known {
		t.Error("root is waited for")
	}
}
