package testmachine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
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
	if err := giveUp(); err != nil {
		return err
	}
	owner, err := credential(args[1])
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
	atTerminal := terminal()
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, Foreground: atTerminal,
		Credential: owner,
		// What it leaves behind belongs to the machine.
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, endSignal)
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGQUIT) // the terminal's are the program's
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		<-end
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	}()
	err = cmd.Wait()
	if atTerminal { // it is ours again
		signal.Ignore(unix.SIGTTOU)
		unix.IoctlSetPointerInt(int(os.Stdin.Fd()), unix.TIOCSPGRP, unix.Getpgrp())
	}
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

// terminal says whether the program is to have the terminal, and its keys.
func terminal() bool {
	_, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS)
	return err == nil
}

// credential is what a program has of a user that the machine's files know.
func credential(name string) (*syscall.Credential, error) {
	account, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("there is no user %s: %w", name, err)
	}
	groups, err := account.GroupIds()
	if err != nil {
		return nil, err
	}
	var ids []uint32
	for _, text := range append([]string{account.Uid, account.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the entry of the user %s is wrong: %w", name, err)
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}
