package replace

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

// Mode and owner stay, a link stays a link, and who had the file open sees the
// old content to the end.
func TestFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder")
	if err := os.MkdirAll(filepath.Join(dir, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "deep", "file"), filepath.Join(dir, "link")
	if err := os.Symlink("deep/file", link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o604); err != nil {
		t.Fatal(err)
	}
	const somebody = 12345
	if os.Getuid() == 0 {
		if err := os.Chown(file, somebody, somebody); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := Possible(link); err != nil || content(t, file) != "old" {
		t.Errorf("%v, and the file has %q", err, content(t, file))
	}
	if err := File(link, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o604 || content(t, file) != "new" {
		t.Errorf("mode %v, %q (%v)", info.Mode(), content(t, file), err)
	}
	if owner := info.Sys().(*syscall.Stat_t); os.Getuid() == 0 && (owner.Uid != somebody || owner.Gid != somebody) {
		t.Errorf("it belongs to %d:%d", owner.Uid, owner.Gid)
	}
	old := make([]byte, 10)
	if n, _ := before.Read(old); string(old[:n]) != "old" {
		t.Errorf("who had it open reads %q", old[:n])
	}
	if target, err := os.Readlink(link); err != nil || target != "deep/file" {
		t.Errorf("the link leads to %q (%v)", target, err)
	}
	if left := names(t, filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}
}

func TestNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Possible(path); err != nil || len(names(t, filepath.Dir(path))) > 0 {
		t.Errorf("%v, %q", err, names(t, filepath.Dir(path)))
	}
	if err := File(path, []byte("new"), 0o644); err != nil || content(t, path) != "new" {
		t.Fatal(err)
	}
}

// A link to what does not exist stays a link, and the file is made there, unless
// the directory is missing as well.
func TestLinkToNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"one": "deep/two", "deep/two": filepath.Join(dir, "file"), "lost": "missing/file", "round": "round"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	one := filepath.Join(dir, "one")
	if err := Possible(one); err != nil {
		t.Error(err)
	}
	if err := File(one, []byte("new"), 0o644); err != nil || content(t, filepath.Join(dir, "file")) != "new" {
		t.Error(err)
	}
	if target, err := os.Readlink(one); err != nil || target != "deep/two" {
		t.Errorf("the link leads to %q (%v)", target, err)
	}
	for _, link := range []string{"lost", "round"} {
		if err := File(filepath.Join(dir, link), nil, 0o644); err == nil {
			t.Errorf("%s: no error", link)
		}
	}
}

// Where a file can't be replaced, both say so, and nothing is left behind.
func TestImpossible(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "no/such/file"), dir} {
		for _, err := range []error{File(path, nil, 0o644), Possible(path)} {
			if err == nil {
				t.Errorf("%s: no error", path)
			}
		}
	}
	if left := names(t, dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What is no regular file is written to, not replaced.
func TestDevice(t *testing.T) {
	if err := File("/dev/null", []byte("x"), 0o644); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Errorf("/dev/null is %v (%v)", info.Mode(), err)
	}
}
