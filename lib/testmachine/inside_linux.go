package testmachine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Inside is what a program with machines calls first: where it was started as
// one of their parts, this doesn't return.
func Inside() {
	parts := map[string]func([]string) error{keeperName: keep, insideName: inside, enterName: enter, workDirName: watchDirectory}
	part, is := parts[os.Args[0]]
	if !is {
		return
	}
	if err := part(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func possible(spec Spec) error {
	if os.Geteuid() != 0 {
		return errors.New("only root can make one, for it is namespaces of processes, files, network and users")
	}
	if spec.Manager == "systemd" {
		if _, err := systemdProgram(); err != nil {
			return err
		}
	}
	return nil
}

// inside is process 1 of a machine. It says on descriptor 3 that it is done with
// its set-up, and closes it, by itself or by becoming systemd.
func inside(args []string) error {
	var spec Spec
	if err := json.Unmarshal([]byte(args[0]), &spec); err != nil {
		return err
	}
	ready := os.NewFile(3, "ready")
	unix.CloseOnExec(3)
	if err := setUp(spec); err != nil {
		return err
	}
	if err := giveUp(); err != nil {
		return err
	}
	if _, err := ready.WriteString("ready\n"); err != nil {
		return err
	}
	if spec.Manager == "systemd" {
		return becomeSystemd(spec)
	}
	ready.Close()
	return reap()
}

// reap is all that process 1 has to do: wait for those that lost their parents.
func reap() error {
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGPIPE, unix.SIGUSR1, unix.SIGUSR2)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, unix.EINTR) {
			<-ended
		}
	}
}

// systemdProgram is where the host has it.
func systemdProgram() (string, error) {
	for _, file := range []string{"/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/run/current-system/systemd/lib/systemd/systemd"} {
		if _, err := os.Stat(file); err == nil {
			return file, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("systemd is not installed: %w", exec.ErrNotFound)
}

func keeperAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_NEWNS}
}

// giveUp makes the calling thread, and what it starts, unable to do what no
// namespace holds back: to set the clock, to load modules of the kernel, to reach
// the hardware.
func giveUp() error {
	for _, capability := range []uintptr{unix.CAP_SYS_TIME, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO} {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return fmt.Errorf("capability %d can't be given up: %w", capability, err)
		}
	}
	return nil
}
