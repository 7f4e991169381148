package nixeval

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/run"
	"nixproc/lib/tempdir"
)

// remembered is which file was added to the store, and where it is there.
type remembered struct {
	Path, StoreDir string
	Size           int64
	ModTime        int64 // nanoseconds
	StorePath      string
}

// EnsureBuilder gives the path of this executable in the Nix store: its own if
// Nix installed it, else that of a copy, which is added once and remembered in
// the file cache ("" remembers nothing). Whether a remembered copy is still
// valid, the evaluation checks (see Forget).
func EnsureBuilder(ctx context.Context, runner run.Runner, cache string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	if strings.HasPrefix(self, StoreDir()+"/") {
		return self, nil
	}
	info, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	now := remembered{Path: self, StoreDir: StoreDir(), Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	if before := recall(cache); exists(before.StorePath) {
		now.StorePath = before.StorePath
		if before == now {
			return before.StorePath, nil
		}
	}

	now.StorePath, err = addExecutable(ctx, runner, self, "nixproc")
	if err != nil {
		return "", err
	}
	if cache != "" {
		remember(cache, now)
	}
	return now.StorePath, nil
}

// FirstProcess gives the path in the Nix store of the first process of containers,
// the program nixproc-init beside this executable; "" if there is none.
func FirstProcess(ctx context.Context, runner run.Runner) (string, error) {
	const name = "nixproc-init"
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	file := filepath.Join(filepath.Dir(self), name)
	if !exists(file) {
		return "", nil
	}
	// Also one that Nix installed: nixproc is in the same package, and would come
	// into the image with it.
	return addExecutable(ctx, runner, file, name)
}

// addExecutable adds a copy of a program to the store, by the same name there
// whatever the file is called here.
func addExecutable(ctx context.Context, runner run.Runner, file, name string) (string, error) {
	dir, err := tempdir.New()
	if err != nil {
		return "", err
	}
	defer dir.Remove()
	if err := copyExecutable(file, filepath.Join(dir.Path, name)); err != nil {
		return "", err
	}
	return Nix{Runner: runner, Notes: io.Discard}.add(ctx, filepath.Join(dir.Path, name))
}

// Forget makes the next EnsureBuilder add the executable again.
func Forget(cache string) { os.Remove(cache) }

func recall(cache string) (r remembered) {
	data, err := os.ReadFile(cache)
	if cache == "" || err != nil || json.Unmarshal(data, &r) != nil {
		return remembered{}
	}
	return r
}

// remember is allowed to fail: then the executable is added again next time.
func remember(cache string, r remembered) {
	data, err := json.Marshal(r)
	if err != nil || os.MkdirAll(filepath.Dir(cache), 0o700) != nil {
		return
	}
	temporary := fmt.Sprintf("%s.%d", cache, os.Getpid())
	if os.WriteFile(temporary, data, 0o600) == nil {
		os.Rename(temporary, cache)
	}
}

func copyExecutable(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
