// Package reaper is what the first process of a container has to do beside its
// work: it reaps whatever has lost its parent, passes signals on, and ends what
// is left in the end. The work is done by a child, so nothing else waits for
// children here. It must not know what the work is.
package reaper

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"nixproc/lib/pidfile"
)

// Needed says whether the caller is the first process: if not, another one reaps.
func Needed() bool { return os.Getpid() == 1 }

// Run runs this program once more, as a child with the same arguments and a
// session of its own, so that a terminal sends it no signal besides ours. It
// gives the child's exit code, or 128 and the number of the signal that ended
// it. What runs still when the child has ended gets SIGTERM, and that time to
// end; the kernel kills the rest.
func Run(args []string, signals <-chan os.Signal, farewell time.Duration) (int, error) {
	if !Needed() {
		return 0, errors.New("only the first process can reap the children of others")
	}
	child, err := os.StartProcess("/proc/self/exe", args, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	go reap(child.Pid, ended)
	for {
		select {
		case received := <-signals:
			// It may have ended just now.
			_ = child.Signal(received)
		case status := <-ended:
			endOthers(signals, farewell)
			return code(status), nil
		}
	}
}

// reap waits for all children until there are none, and tells of one of them.
func reap(child int, ended chan<- syscall.WaitStatus) {
	for {
		var status syscall.WaitStatus
		switch pid, err := syscall.Wait4(-1, &status, 0, nil); {
		case err == syscall.EINTR:
		case err != nil:
			return
		case pid == child:
			ended <- status
		}
	}
}

func code(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// endOthers waits for the end of what is left, such as what somebody has run in
// the container besides, no longer than it has to. A signal ends the wait.
func endOthers(signals <-chan os.Signal, within time.Duration) {
	if !othersLive() {
		return
	}
	_ = syscall.Kill(-1, syscall.SIGTERM) // all but the first process
	late := time.After(within)
	for othersLive() {
		select {
		case <-signals:
			return
		case <-late:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func othersLive() bool {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && pid != 1 {
			if _, alive := pidfile.Started(pid); alive {
				return true
			}
		}
	}
	return false
}
