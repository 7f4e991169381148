package tempdir

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// P4: what a program that was killed has left is removed by the next one, and nothing
// that somebody needs or that is not ours.
func TestNew(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "[a] folder")
	t.Setenv("TMPDIR", parent)
	if _, err := New(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the directory above: %v", err)
	}
	for _, left := range []string{Prefix + "left/deep", Prefix + "empty", "other"} {
		if err := os.MkdirAll(filepath.Join(parent, left), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(
		os.WriteFile(filepath.Join(parent, Prefix+"left/deep/file"), nil, 0o400),
		os.WriteFile(filepath.Join(parent, Prefix+"file"), nil, 0o600),
		os.Symlink("other", filepath.Join(parent, Prefix+"link")))
	if err != nil {
		t.Fatal(err)
	}
	first, err := New()
	if err != nil {
		t.Fatal(err)
	}
	needed, err := New()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("cat")
	child.ExtraFiles = []*os.File{needed.Lock}
	input, err := child.StdinPipe()
	if err == nil {
		err = errors.Join(child.Start(), needed.Lock.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	kept := []string{"other", Prefix + "file", Prefix + "link", filepath.Base(first.Path), filepath.Base(needed.Path)}
	newOne(t)
	holds(t, parent, kept...)
	input.Close()
	child.Wait()
	newOne(t)
	holds(t, parent, kept[:4]...)
	if err := first.Remove(); err != nil {
		t.Error(err)
	}
	holds(t, parent, kept[:3]...)
}

// newOne makes one that goes again.
func newOne(t *testing.T) {
	t.Helper()
	d, err := New()
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := os.Stat(d.Path); err != nil {
		t.Error(err)
	}
	if err := d.Remove(); err != nil {
		t.Error(err)
	}
}

func holds(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	if names = slices.Sorted(slices.Values(names)); !slices.Equal(found, names) {
		t.Errorf("there are %q, want %q", found, names)
	}
}

// Many at once do not take each other's for left.
func TestManyAtOnce(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				newOne(t)
			}
		})
	}
	all.Wait()
	holds(t, parent)
}
