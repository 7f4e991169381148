package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
type Lock struct {
	file *flock.Flock
	made []string // the directories that were made for it, the topmost first
	new  bool     // the file was made, too
}

// Acquire takes the lock in the file, which it makes along with its directory.
// If somebody else holds it, it gives a *BusyError, or with wait tries until
// the context ends.
func Acquire(ctx context.Context, path string, wait bool) (*Lock, error) {
	const attempts = 10
	var lock *Lock
	var err error
	for range attempts {
		lock, err = acquire(ctx, path, wait)
		if errors.Is(err, os.ErrNotExist) {
			continue // its directory was withdrawn
		}
		if err != nil {
			return nil, err
		}
		if stands(lock.file, path) {
			if err := lock.sign(path); err != nil {
				return nil, err
			}
			return lock, nil
		}
		if err := lock.file.Unlock(); err != nil {
			return nil, err
		}
		err = errors.New("others make and remove it all the time")
	}
	return nil, fmt.Errorf("the lock %s can't be taken: %w", path, err)
}

// stands tells whether what was locked is still what others will find: who held
// it before may have withdrawn it in the meantime.
func stands(lock *flock.Flock, path string) bool {
	ours, err := lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}

func acquire(ctx context.Context, path string, wait bool) (*Lock, error) {
	made, err := makeDirectory(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("the lock can't be made: %w", err)
	}
	lock := &Lock{made: made}
	_, statErr := os.Lstat(path)
	lock.new = errors.Is(statErr, os.ErrNotExist)
	lock.file = flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW), flock.SetPermissions(0o644))
	if err := try(ctx, path, wait, lock.file.TryLock); err != nil {
		return nil, err
	}
	return lock, nil
}

const (
	brief    = 100 * time.Millisecond // how long Free may hold the lock
	unsigned = 5 * time.Second        // how long the file may say nothing of who holds it
)

// try takes a lock. If somebody else holds it, it gives a *BusyError, as soon as the
// file says who that is; with wait it goes on until the context ends.
func try(ctx context.Context, path string, wait bool, lock func() (bool, error)) error {
	for begin := time.Now(); ; {
		locked, err := lock()
		if err != nil {
			return fmt.Errorf("the lock %s can't be taken: %w", path, err)
		}
		if locked {
			return nil
		}
		if took := time.Since(begin); took >= brief && !wait {
			if who := holder(path); who.PID != 0 || took >= unsigned {
				return &BusyError{Path: path, Holder: who}
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the lock %s can't be taken: %w", path, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// sign writes down who holds the lock.
func (l *Lock) sign(path string) error {
	data, err := json.Marshal(Holder{PID: os.Getpid(), Command: strings.Join(os.Args, " "), Since: time.Now()})
	if err == nil {
		// In place: a renamed file would be another lock.
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the lock %s can't be written: %w", path, err), l.file.Unlock())
	}
	return nil
}

// Release gives the lock back. The file stays, empty.
func (l *Lock) Release() error {
	return errors.Join(os.Truncate(l.file.Path(), 0), l.file.Unlock())
}

// Withdraw gives the lock back and removes what was made for it, unless others
// have put something there: a command that changed nothing leaves nothing.
func (l *Lock) Withdraw() error {
	if !l.new {
		return l.Release()
	}
	err := errors.Join(os.Remove(l.file.Path()), l.file.Unlock())
	for _, dir := range slices.Backward(l.made) {
		// It stays where it is not empty.
		_ = os.Remove(dir)
	}
	return err
}

// makeDirectory makes a directory and those above it, and gives the ones that it
// made, the topmost first: others may make and remove them at the same time.
func makeDirectory(dir string) (made []string, err error) {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil, nil
	}
	err = os.Mkdir(dir, 0o755)
	if errors.Is(err, os.ErrNotExist) {
		if made, err = makeDirectory(filepath.Dir(dir)); err == nil {
			err = os.Mkdir(dir, 0o755)
		}
	}
	switch {
	case err == nil:
		return append(made, dir), nil
	case errors.Is(err, os.ErrExist):
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return made, nil
		}
	}
	return made, err
}

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
	err := try(ctx, path, false, file.TryRLock)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it has just been withdrawn
	}
	if err != nil {
		return err
	}
	return file.Unlock()
}
