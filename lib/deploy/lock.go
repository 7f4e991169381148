package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Holder says who holds a lock.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// BusyError says that somebody else holds the lock.
type BusyError struct {
	Path   string
	Holder Holder // zero if the file does not say
}

func (e *BusyError) Error() string {
	if e.Holder.PID == 0 {
		return "another command holds the lock " + e.Path
	}
	return fmt.Sprintf("another command holds the lock %s: process %d, running since %s: %s",
		e.Path, e.Holder.PID, e.Holder.Since.Format("2006-01-02 15:04:05"), e.Holder.Command)
}

// Lock is a lock that is held until Release, or until this process ends.
type Lock struct{ file *flock.Flock }

// Acquire takes the lock in the file, which it makes along with its directory.
// If somebody else holds it, it gives a *BusyError, or with wait tries until
// the context ends.
func Acquire(ctx context.Context, path string, wait bool) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("the lock can't be made: %w", err)
	}
	file := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
	patient := ctx
	if !wait {
		// Free holds the lock for a moment, too.
		var cancel context.CancelFunc
		patient, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
	}
	locked, err := file.TryLockContext(patient, 10*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("the lock %s can't be taken: %w", path, err)
	}
	if !locked {
		return nil, &BusyError{Path: path, Holder: holder(path)}
	}
	data, err := json.Marshal(Holder{PID: os.Getpid(), Command: strings.Join(os.Args, " "), Since: time.Now()})
	if err == nil {
		// In place: a renamed file would be another lock.
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the lock %s can't be written: %w", path, err), file.Unlock())
	}
	return &Lock{file: file}, nil
}

// Release gives the lock back. The file stays: removing it could give two
// commands two locks of one name.
func (l *Lock) Release() error { return l.file.Unlock() }

func holder(path string) (h Holder) {
	if data, err := os.ReadFile(path); err == nil {
		// What is unreadable was being written this moment.
		_ = json.Unmarshal(data, &h)
	}
	return h
}

// Free gives a *BusyError if somebody holds the lock now; it makes no file. With
// wait it gives none: then Acquire will wait.
func Free(ctx context.Context, path string, wait bool) error {
	if _, err := os.Stat(path); wait || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	file := flock.New(path, flock.SetFlag(os.O_RDONLY))
	locked, err := file.TryRLock()
	switch {
	case err != nil:
		return fmt.Errorf("the lock %s can't be read: %w", path, err)
	case !locked:
		return &BusyError{Path: path, Holder: holder(path)}
	}
	return file.Unlock()
}
