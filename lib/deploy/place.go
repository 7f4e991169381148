package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"nixproc/lib/pidfile"
)

// PlaceLock is a lock of a directory that several profiles put their files into.
// The directory itself is locked, so that nothing of ours stays there.
type PlaceLock struct {
	dir  *flock.Flock
	made []string // the directories that were made for it, the topmost first
}

// AcquirePlace takes the lock of a directory, and makes the directory if it is
// missing. If somebody else holds it, it gives a *BusyError, or with wait tries
// until the context ends.
func AcquirePlace(ctx context.Context, path string, wait bool) (*PlaceLock, error) {
	for {
		made, err := makeDirectory(path)
		if err != nil {
			return nil, fmt.Errorf("the place of the files can't be made: %w", err)
		}
		lock := &PlaceLock{dir: flock.New(path, flock.SetFlag(os.O_RDONLY)), made: made}
		locked, err := lock.dir.TryLock()
		switch {
		case errors.Is(err, fs.ErrNotExist): // who held it removed it
		case err != nil:
			return nil, fmt.Errorf("%s can't be locked: %w", path, err)
		case locked && stands(lock.dir, path):
			return lock, nil
		case locked:
			if err := lock.dir.Unlock(); err != nil {
				return nil, err
			}
		case !wait:
			return nil, &BusyError{Path: path, Holder: flockHolder(path)}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Release gives the lock back. Of the directories that were made for it, the
// empty ones go.
func (l *PlaceLock) Release() error {
	for _, dir := range slices.Backward(l.made) {
		if os.Remove(dir) != nil {
			break
		}
	}
	return l.dir.Unlock()
}

// flockHolder finds who holds the lock of a directory: of those that hold any,
// by proc_locks(5), the one that has it open. It is zero where that does not
// tell.
func flockHolder(path string) Holder {
	locked, err := os.Stat(path)
	if err != nil {
		return Holder{}
	}
	locks, _ := os.ReadFile("/proc/locks") // other systems have none
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[1] != "FLOCK" {
			continue
		}
		pid, err := strconv.Atoi(fields[4])
		if err != nil || !hasOpen(pid, locked) {
			continue
		}
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		since, _ := pidfile.Started(pid)
		return Holder{PID: pid, Since: since, Command: strings.ReplaceAll(strings.TrimRight(string(command), "\x00"), "\x00", " ")}
	}
	return Holder{}
}

// hasOpen says whether a process has a file open, as far as we may look.
func hasOpen(pid int, file os.FileInfo) bool {
	descriptors := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(descriptors)
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		open, err := os.Stat(filepath.Join(descriptors, entry.Name()))
		return err == nil && os.SameFile(open, file)
	})
}
