package run

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"nixproc/lib/pidfile"
)

// Left is a program that an earlier nixproc has run, and not seen the end of. Its
// process ID is that of its group and of its session, too.
type Left struct {
	PID   int
	Since time.Time // its start
	Boot  string    // as pidfile.Boot had it; "" if that is not known
}

// gone says whether the machine has booted since. Nothing of the program lives
// then, and whoever has its number, for a process or a session, is a stranger. So
// is whoever has a number that no program gets: the session 0 is the kernel's.
func (l Left) gone() bool {
	now := pidfile.Boot()
	return l.PID <= 1 || l.Boot != "" && now != "" && l.Boot != now
}

// sameStart is how much two readings of a start may differ, since the clock that
// they are reckoned by does not stand still.
const sameStart = time.Second

// Alive says whether the program itself runs.
func (l Left) Alive() bool {
	if l.gone() {
		return false
	}
	since, alive := pidfile.Started(l.PID)
	return alive && since.Sub(l.Since).Abs() < sameStart
}

// Others are the processes that the program has started, that still run, and
// that have not made themselves a session of their own, as proc(5) has it. There
// are none where the number is another program's by now.
func (l Left) Others() []int {
	if l.gone() {
		return nil
	}
	if since, alive := pidfile.Started(l.PID); alive && since.Sub(l.Since).Abs() >= sameStart {
		return nil
	}
	entries, _ := os.ReadDir("/proc") // other systems have none
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == l.PID {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue
		}
		// The name in parentheses may hold any character. After it come the
		// state, the parent, the group and the session.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 3 && string(fields[3]) == strconv.Itoa(l.PID) && fields[0][0] != 'Z' && fields[0][0] != 'X' {
			found = append(found, pid)
		}
	}
	return found
}

// End ends the program with all that it started: by SIGTERM, and what has not
// ended 5 s later by SIGKILL.
func (l Left) End() error { return l.end(grace) }

func (l Left) end(grace time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			running := l.Others()
			if l.Alive() {
				running = append(running, l.PID)
			}
			if len(running) == 0 {
				return nil
			}
			for _, pid := range running {
				if sig != 0 {
					syscall.Kill(pid, sig)
				}
			}
			sig = 0 // once is enough
		}
	}
	return errors.New("process " + strconv.Itoa(l.PID) + ", or what it started, does not end")
}
