package nixeval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// builderCase is a store of the test's own, and a cache file.
type builderCase struct {
	t            *testing.T
	store, cache string
	copies       int
}

func newBuilderCase(t *testing.T) *builderCase {
	dir := t.TempDir()
	b := &builderCase{t: t, store: filepath.Join(dir, "store"), cache: filepath.Join(dir, "cache", "builder.json")}
	if err := os.Mkdir(b.store, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NIX_STORE_DIR", b.store)
	t.Setenv("TMPDIR", t.TempDir())
	return b
}

// ensure asks for the builder, and says whether it may be added to the store.
func (b *builderCase) ensure(adds bool) string {
	b.t.Helper()
	fake := runtest.New(b.t)
	if adds {
		fake.ExpectFunc("nix-store --add DIR/nixproc", func(c run.Command) bool {
			return len(c.Args) == 3 && c.Args[0] == "nix-store" && c.Args[1] == "--add" && filepath.Base(c.Args[2]) == "nixproc"
		}).Do(func(_ context.Context, c run.Command) (run.Result, error) {
			b.copies++
			path := filepath.Join(b.store, fmt.Sprintf("hash%d-nixproc", b.copies))
			data, err := os.ReadFile(c.Args[2])
			if err == nil {
				err = os.WriteFile(path, data, 0o555)
			}
			return run.Result{Stdout: path + "\n"}, err
		})
	}
	path, err := EnsureBuilder(context.Background(), fake, b.cache)
	if err != nil {
		b.t.Fatal(err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		b.t.Errorf("left behind: %v, %v", left, err)
	}
	return path
}

// The executable is added to the store once, and again when the copy is of no
// use any more.
func TestEnsureBuilder(t *testing.T) {
	b := newBuilderCase(t)
	first := b.ensure(true)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mine, err := os.Stat(self)
	if err != nil {
		t.Fatal(err)
	}
	if copied, err := os.Stat(first); err != nil || copied.Size() != mine.Size() {
		t.Errorf("the copy %s is not the executable: %v", first, err)
	}

	if again := b.ensure(false); again != first {
		t.Errorf("remembered %s, want %s", again, first)
	}

	Forget(b.cache)
	if second := b.ensure(true); second == first {
		t.Error("forgotten, and yet the same")
	}
	Forget(b.cache)
	Forget(b.cache) // nothing to forget is fine

	third := b.ensure(true)
	if err := os.Remove(third); err != nil {
		t.Fatal(err)
	}
	fourth := b.ensure(true) // it was collected as garbage

	// Another executable than the one that was added.
	change := func(edit func(*remembered)) {
		t.Helper()
		var r remembered
		data, err := os.ReadFile(b.cache)
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.StorePath == "" || r.Size != mine.Size() {
			t.Fatalf("remembered %+v", r)
		}
		edit(&r)
		remember(b.cache, r)
	}
	for name, edit := range map[string]func(*remembered){
		"size":  func(r *remembered) { r.Size++ },
		"time":  func(r *remembered) { r.ModTime++ },
		"path":  func(r *remembered) { r.Path += "2" },
		"store": func(r *remembered) { r.StoreDir += "2" },
	} {
		change(edit)
		if fifth := b.ensure(true); fifth == fourth {
			t.Errorf("another %s, and yet the same copy", name)
		}
	}
	if err := os.WriteFile(b.cache, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.ensure(true)
	b.ensure(false)
}

// Without a place to remember it, it is added each time.
func TestEnsureBuilderWithoutCache(t *testing.T) {
	b := newBuilderCase(t)
	b.cache = ""
	b.ensure(true)
	b.ensure(true)
}

func TestEnsureBuilderFails(t *testing.T) {
	isAdd := func(c run.Command) bool { return c.Args[1] == "--add" }
	for _, c := range []struct {
		name   string
		answer func(*runtest.Call)
		want   string
	}{
		{"dead daemon", func(c *runtest.Call) {
			c.Fail(1, "error: cannot connect to socket at '/nonexistent': No such file or directory\n")
		}, "Nix does not work here: cannot connect to socket at '/nonexistent': No such file or directory"},
		{"no Nix", func(c *runtest.Call) {
			c.Return(run.Result{}, &run.Error{Code: -1, Cause: exec.ErrNotFound})
		}, "nix-store is not on PATH: install the Nix package manager"},
		{"other place", func(c *runtest.Call) { c.Print("/elsewhere/x-nixproc\n") }, `nix-store --add printed "/elsewhere/x-nixproc"`},
		{"nothing", func(c *runtest.Call) { c.Print("") }, `nix-store --add printed ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilderCase(t)
			fake := runtest.New(t)
			c.answer(fake.ExpectFunc("nix-store --add", isAdd))
			path, err := EnsureBuilder(context.Background(), fake, b.cache)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %q and the error %v, want %q", path, err, c.want)
			}
			if _, err := os.Stat(b.cache); !errors.Is(err, os.ErrNotExist) {
				t.Error("a failure was remembered")
			}
		})
	}
}
