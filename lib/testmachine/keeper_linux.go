package testmachine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// keep is the keeper of one machine. It stays outside, in a mount namespace of
// its own, so that it can remove what is not in the machine's namespaces: its
// control groups. A line on its standard input makes it keep the machine without
// the program that wanted it; the end of it, and a signal, make it end the machine.
func keep(args []string) error {
	var spec Spec
	if err := json.Unmarshal([]byte(args[0]), &spec); err != nil {
		return err
	}
	unix.CloseOnExec(3) // what Spec.Within is open in
	end := make(chan os.Signal, 1)
	signal.Notify(end, endSignal)
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGHUP, unix.SIGPIPE) // not ours, nor our children's, to ignore
	go func() {
		input := bufio.NewReader(os.Stdin)
		if _, err := input.ReadString('\n'); err == nil {
			return
		}
		end <- endSignal
	}()
	group, err := newGroup()
	if err != nil {
		return err
	}
	return errors.Join(keepIn(group, args[0], end), group.remove())
}

// keepIn starts process 1 in a control group, and returns when it has ended.
func keepIn(group *group, spec string, end chan os.Signal) error {
	// What is to die with us does so when the thread that started it ends.
	runtime.LockOSThread()
	init := self(insideName, spec)
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	init.ExtraFiles = []*os.File{write} // descriptor 3
	init.Stdout, init.Stderr = os.Stderr, os.Stderr
	init.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
		Pdeathsig: unix.SIGKILL, Setsid: true,
	}
	err = init.Start()
	write.Close()
	if err != nil {
		return fmt.Errorf("no namespaces: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- init.Wait() }()
	go func() {
		if said, err := io.ReadAll(read); err == nil && string(said) == "ready\n" {
			fmt.Println(init.Process.Pid)
		}
		os.Stdout.Close()
	}()
	select {
	case <-ended: // it has said why, or was switched off
	case <-end:
		init.Process.Kill() // and with it all in its namespace
		<-ended
	}
	return nil
}
