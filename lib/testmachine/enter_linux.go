package testmachine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"nixproc/lib/chainload"
)

// enter runs a program inside: args are process 1 of the machine, the user, the
// program and its arguments.
func enter(args []string) error {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	// A namespace is a thread's, and a child's is that of the thread that makes it.
	runtime.LockOSThread()
	if err := join(pid); err != nil {
		return fmt.Errorf("the machine is gone: %w", err)
	}
	account, err := chainload.Lookup(context.Background(), noGetent, args[1])
	if err != nil {
		return err
	}
	group, err := os.Open(filepath.Join(groupRoot, enterGroup))
	if err != nil {
		return err
	}
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Dir = "/tmp" // as in NixOS' own tests
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    !terminal(),
		Credential: &syscall.Credential{Uid: uint32(account.UID), Gid: uint32(account.GID)},
		// What it leaves behind belongs to the machine.
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
	}
	for _, gid := range account.Groups {
		cmd.SysProcAttr.Credential.Groups = append(cmd.SysProcAttr.Credential.Groups, uint32(gid))
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, endSignal)
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGQUIT, unix.SIGHUP) // the terminal's are the program's
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		<-end
		cmd.Process.Kill()
		if cmd.SysProcAttr.Setpgid {
			unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(exit.ExitCode())
	return nil
}

// join takes the calling thread into all namespaces of a process.
func join(pid int) error {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(process)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	return unix.Setns(process, unix.CLONE_NEWNS|unix.CLONE_NEWPID|unix.CLONE_NEWNET|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC|unix.CLONE_NEWCGROUP)
}

// terminal says whether a person may sit there.
func terminal() bool {
	_, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS)
	return err == nil
}

// noGetent leaves the files alone to say which accounts there are.
func noGetent(context.Context, string, string) (string, error) {
	return "", exec.ErrNotFound
}
