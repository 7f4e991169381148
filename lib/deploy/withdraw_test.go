package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A command that changed nothing leaves nothing: neither the lock nor the
// directories that were made for it.
func TestWithdraw(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "profiles", ".processes.nixproc", "lock")
	lock, err := Acquire(context.Background(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Withdraw(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// What others have put there stays, and so does a lock that was there before.
func TestWithdrawLeavesOthers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "profiles", "work", "lock")
	lock, err := Acquire(context.Background(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "profiles", "other")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := lock.Withdraw(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock's own directory: %v", err)
	}

	if lock, err = Acquire(context.Background(), path, false); err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if lock, err = Acquire(context.Background(), path, false); err != nil {
		t.Fatal(err)
	}
	if err := lock.Withdraw(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || len(data) > 0 {
		t.Errorf("the old lock holds %q, %v; want an empty file", data, err)
	}
}

// However locks come and go, two never hold one at the same time.
func TestWithdrawnLocksExclude(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profiles", "work", "lock")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var holders, most, held atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 30 {
				lock, err := Acquire(ctx, path, true)
				if err != nil {
					t.Error(err)
					return
				}
				if now := holders.Add(1); now > most.Load() {
					most.Store(now)
				}
				held.Add(1)
				time.Sleep(100 * time.Microsecond)
				holders.Add(-1)
				if err := lock.Withdraw(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if most.Load() != 1 || held.Load() != 240 {
		t.Errorf("%d held it at once, want 1; it was held %d times, want 240", most.Load(), held.Load())
	}
}

// A lock on a file that was withdrawn, and perhaps made again by somebody else,
// is worth nothing.
func TestLockOnWithdrawnFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := acquire(context.Background(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.file.Unlock()
	if !stands(lock.file, path) {
		t.Error("it does not stand, though nothing has changed")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if stands(lock.file, path) {
		t.Error("it stands, though the file is gone")
	}
	other, err := Acquire(context.Background(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	if stands(lock.file, path) || !stands(other.file, path) {
		t.Errorf("the old one stands: %v; the new one: %v", stands(lock.file, path), stands(other.file, path))
	}
}
