package manager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"nixproc/lib/pidfile"
)

// StatusByPIDFiles reads the pid files of units, several side by side: with many
// processes that is most of what a switch with nothing to do takes. For a unit
// without a pid file, nothing is known.
func StatusByPIDFiles(units []Unit) (map[string]State, error) {
	found := make([]State, len(units))
	problems := make([]error, len(units))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(units)) {
		readers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(units)); i = next.Add(1) - 1 {
				found[i], problems[i] = statusByPIDFile(units[i])
			}
		})
	}
	readers.Wait()
	states := make(map[string]State, len(units))
	for i, unit := range units {
		if problems[i] != nil {
			return nil, fmt.Errorf("status of process '%s': %w", unit.Name, problems[i])
		}
		states[unit.Name] = found[i]
	}
	return states, nil
}

func statusByPIDFile(unit Unit) (State, error) {
	if unit.PIDFile == "" {
		return State{Detail: "nothing names a pid file of it"}, nil
	}
	process, alive, err := pidfile.Read(unit.PIDFile, unit.Expected())
	switch {
	case errors.Is(err, os.ErrPermission):
		return State{Detail: unit.PIDFile + " can't be read"}, nil
	case err != nil:
		return State{}, err
	case alive:
		return State{Condition: Running, PID: process.PID, Since: process.Start}, nil
	}
	doubt := pidfile.Doubt(unit.PIDFile, unit.Expected())
	if unit.PIDFileCertain {
		return State{Condition: Stopped, Detail: doubt, Doubt: doubt}, nil
	}
	return State{Detail: cmp.Or(doubt, "no process in "+unit.PIDFile), Doubt: doubt}, nil
}

// Expected is what is known of the unit's process.
func (u Unit) Expected() pidfile.Expected {
	return pidfile.Expected{Program: u.Program, User: u.User}
}

// SeenWithin bounds the wait for the pid file of a process whose script said
// that it had started it.
const SeenWithin = 10 * time.Second

// replacedWithin is how long a pid file may go on to name a process that was
// there for a moment only, until the one that stays has written it again.
const replacedWithin = 500 * time.Millisecond

// AwaitPIDFile waits until the pid file of a unit names a process that lives.
// command is what said that it had started it, and begun when that began.
func AwaitPIDFile(ctx context.Context, command string, unit Unit, begun time.Time) error {
	if !unit.PIDFileCertain {
		return nil
	}
	var ended time.Time
	for pause, deadline := time.Millisecond, time.Now().Add(SeenWithin); ; pause = min(2*pause, 100*time.Millisecond) {
		if _, alive, err := pidfile.Read(unit.PIDFile, unit.Expected()); err != nil || alive {
			return err
		}
		switch {
		case !pidfile.Ended(unit.PIDFile, begun):
			ended = time.Time{}
		case ended.IsZero():
			ended = time.Now()
		case time.Since(ended) > replacedWithin:
			return fmt.Errorf("%s started it, but it ended at once%s", command, LogTail(unit))
		}
		if time.Now().After(deadline) {
			return &UnseenError{Err: fmt.Errorf("%s said that it started, but %s names no running process after %s%s",
				command, unit.PIDFile, SeenWithin, LogTail(unit))}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// shownLines of a log are in an error.
const shownLines = 10

// MarkLogs notes where the logs of units end that are about to start: what stands there
// is of earlier runs.
func MarkLogs(units []Unit) {
	for i, unit := range units {
		if info, err := os.Lstat(unit.Log); err == nil && info.Mode().IsRegular() {
			units[i].LogFrom = info.Size()
		}
	}
}

// LogTail is the end of a unit's log, to be put behind a message; "" if it has said
// nothing since it was started.
func LogTail(unit Unit) string {
	data, err := end(unit.Log, unit.LogFrom)
	text := strings.TrimRight(string(data), "\n")
	if err != nil || text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return "; the end of " + unit.Log + ":\n  " + strings.Join(lines[max(0, len(lines)-shownLines):], "\n  ")
}

// shownBytes bounds them: a log may have one line of any length.
const shownBytes = 16 << 10

// end reads the end of a regular file, however large it is, from some place on, or all
// of it if it has become shorter since; of anything else, such as a fifo, which would keep us waiting, or a link, which somebody may have
// made to a file that is not theirs, nothing.
func end(path string, from int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	if from > info.Size() {
		from = 0
	}
	return io.ReadAll(io.NewSectionReader(file, max(from, info.Size()-shownBytes), shownBytes))
}
