package deploy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two operations in one directory do not run at a time, whichever profiles they
// are for, and the second says who holds it up (P1).
func TestPlaceIsForOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder", "units")
	lock, err := AcquirePlace(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = AcquirePlace(t.Context(), dir, false)
	busy, is := errors.AsType[*BusyError](err)
	if !is || busy.Holder.PID != os.Getpid() || !strings.Contains(busy.Holder.Command, "deploy.test") || busy.Holder.Since.IsZero() {
		t.Errorf("%v", err)
	}
	waited := make(chan error)
	go func() {
		second, err := AcquirePlace(t.Context(), dir, true)
		if err == nil {
			err = second.Release()
		}
		waited <- err
	}()
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	// The first may not have removed all of them when the second came.
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory stays: %v", err)
	}
}

func TestPlaceLeavesNothing(t *testing.T) {
	top := filepath.Join(t.TempDir(), "a folder")
	lock, err := AcquirePlace(t.Context(), filepath.Join(top, "units"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(top); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directories stay: %v", err)
	}
}

func TestPlaceInUseStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "units")
	lock, err := AcquirePlace(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
