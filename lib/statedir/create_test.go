package statedir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// tree lists what is below a directory, one "mode path [-> target]" a line.
func tree(t *testing.T, root string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", info.Mode(), strings.TrimPrefix(path, root))
		if to, err := os.Readlink(path); err == nil {
			line = "link " + strings.TrimPrefix(path, root) + " -> " + to
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func expectTree(t *testing.T, root string, want ...string) {
	t.Helper()
	sort.Strings(want)
	if got := tree(t, root); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func mkdirs(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// below is what a state directory has inside by default, but tmp and run.
func below(state string) []string {
	var lines []string
	for _, name := range []string{"", "/cache", "/lib", "/lock", "/log", "/spool"} {
		lines = append(lines, "drwxr-xr-x "+state+name)
	}
	return lines
}

func TestCreateDefaults(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	m := maker{root, "linux"}
	for range 2 {
		if err := m.create(Dirs{}, false); err != nil {
			t.Fatal(err)
		}
	}
	expectTree(t, root, append(below("/var"), "drwxr-xr-x /run", "dtrwxrwxrwx /tmp", "link /var/run -> /run", "link /var/tmp -> /tmp")...)
}

func TestCreateElsewhere(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := (maker{root, "freebsd"}).create(Dirs{}, false); err != nil {
		t.Fatal(err)
	}
	expectTree(t, root, append(below("/var"), "drwxr-xr-x /var/run", "dtrwxrwxrwx /tmp", "link /var/tmp -> /tmp")...)
}

func TestCreateOwnStateDir(t *testing.T) {
	t.Parallel()
	for disable, mode := range map[bool]string{false: "dtrwxrwxrwx", true: "drwxr-xr-x"} {
		root := filepath.Join(t.TempDir(), "a b")
		mkdirs(t, root)
		if err := (maker{root, "linux"}).create(Dirs{State: "/home/u/the state"}, disable); err != nil {
			t.Fatal(err)
		}
		expectTree(t, root, append(below("/home/u/the state"), "drwxr-xr-x /home", "drwxr-xr-x /home/u",
			"drwxr-xr-x /home/u/the state/run", mode+" /home/u/the state/tmp")...)
	}
}

// The links are for the two well-known directories only, also when asked for.
func TestLinks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := (maker{root, "linux"}).create(Dirs{State: "/s", Tmp: "/tmp", Runtime: "/run"}, false); err != nil {
		t.Fatal(err)
	}
	expectTree(t, root, append(below("/s"), "drwxr-xr-x /run", "dtrwxrwxrwx /tmp", "link /s/run -> /run", "link /s/tmp -> /tmp")...)

	root = t.TempDir()
	if err := (maker{root, "linux"}).create(Dirs{State: "/s", Tmp: "/t", Runtime: "/r"}, false); err != nil {
		t.Fatal(err)
	}
	expectTree(t, root, append(below("/s"), "drwxr-xr-x /r", "dtrwxrwxrwx /t")...)
}

func TestWhatExistsIsLeftAlone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	mkdirs(t, root+"/var/tmp", root+"/var/log", root+"/tmp", root+"/real/run")
	for path, mode := range map[string]fs.FileMode{"/var/log": 0o700, "/tmp": 0o711, "/var/tmp": 0o777 | fs.ModeSticky} {
		if err := os.Chmod(root+path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"/run": "real/../real/run", "/var/run": "/nowhere"} {
		if err := os.Symlink(to, root+link); err != nil {
			t.Fatal(err)
		}
	}
	if err := (maker{root, "linux"}).create(Dirs{Lock: "/run/lock"}, false); err != nil {
		t.Fatal(err)
	}
	expectTree(t, root, "drwxr-xr-x /var", "drwx------ /var/log", "dtrwxrwxrwx /var/tmp", "drwxr-xr-x /var/cache",
		"drwxr-xr-x /var/lib", "drwxr-xr-x /var/spool", "link /var/run -> /nowhere", "drwx--x--x /tmp",
		"link /run -> real/../real/run", "drwxr-xr-x /real", "drwxr-xr-x /real/run", "drwxr-xr-x /real/run/lock")
}

// All problems are found before anything is made.
func TestProblemsChangeNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	mkdirs(t, root+"/srv")
	if err := os.WriteFile(root+"/srv/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"/srv/dangling": "/nowhere", "/srv/loop": "loop"} {
		if err := os.Symlink(to, root+link); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, root)
	err := maker{root, "linux"}.create(Dirs{
		Log: "/srv/file", Lib: "/srv/file/lib", Cache: "relative", Spool: "/srv/dangling/x", Lock: "/srv/loop",
	}, false)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{
		"cannot make the log directory /srv/file (--log-dir): " + root + "/srv/file is a file, not a directory: remove it, or name another directory",
		"cannot make the cache directory relative (--cache-dir): the path is not absolute",
		"cannot make the spool directory /srv/dangling/x (--spool-dir): " + root + "/srv/dangling is a link to /nowhere, which does not exist: make that directory, or remove the link",
		"cannot make the lock directory /srv/loop (--lock-dir): " + root + "/srv/loop: too many levels of symbolic links",
		"cannot make the lib directory /srv/file/lib (--lib-dir): " + root + "/srv/file is a file, not a directory: remove it, or name another directory",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", err, strings.Join(want, "\n"))
	}
	if after := tree(t, root); after != before {
		t.Errorf("something was made:\n%s", after)
	}
}

// What another user planted, or may still plant, leads root nowhere.
func TestPlanted(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make something for another user")
	}
	const stranger = 65533
	for name, test := range map[string]struct {
		plant func(root string) error
		says  string // "" if all is well
	}{
		"a link": {func(root string) error {
			return errors.Join(os.Symlink("/etc", root+"/tmp/state"), os.Lchown(root+"/tmp/state", stranger, stranger))
		}, "/tmp/state is a link that belongs to user 65533"},
		"a directory": {func(root string) error {
			return errors.Join(os.Mkdir(root+"/tmp/state", 0o755), os.Chown(root+"/tmp/state", stranger, stranger))
		}, "/tmp/state belongs to user 65533"},
		"a directory for everybody": {func(root string) error {
			return errors.Join(os.Mkdir(root+"/tmp/state", 0o755), os.Chmod(root+"/tmp/state", 0o777))
		}, "everybody may replace what is in "},
		"a file": {func(root string) error { return os.WriteFile(root+"/tmp/state", nil, 0o644) }, "is a file, not a directory"},
		"a directory for a group": {func(root string) error {
			return errors.Join(os.Mkdir(root+"/tmp/state", 0o755), os.Chown(root+"/tmp/state", 0, stranger), os.Chmod(root+"/tmp/state", 0o775))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			mkdirs(t, root+"/tmp", root+"/etc")
			if err := errors.Join(os.Chmod(root+"/tmp", 0o777|fs.ModeSticky), test.plant(root)); err != nil {
				t.Fatal(err)
			}
			before := tree(t, root)
			for _, d := range []Dirs{{State: "/tmp/state"}, {Log: "/tmp/state/log"}} {
				err := maker{root, "linux"}.create(d, false)
				if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %v", err)
				}
			}
			if after := tree(t, root); after != before && test.says != "" {
				t.Errorf("something was made:\n%s", after)
			}
		})
	}
}

// The place that was checked is the place that is written in.
func TestSwapped(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	mkdirs(t, root+"/a", root+"/etc")
	at, missing, err := maker{root, "linux"}.walk("/a/b")
	if err != nil || len(missing) != 1 {
		t.Fatalf("got %v, %v", missing, err)
	}
	if err := os.Remove(root + "/a"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("etc", root+"/a"); err != nil {
		t.Fatal(err)
	}
	if dir, err := at.open(); err == nil || !strings.Contains(err.Error(), "was replaced") {
		t.Errorf("got %v, %v", dir, err)
	}
}

func TestParallel(t *testing.T) {
	t.Parallel()
	for range 20 {
		root := t.TempDir()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := (maker{root, "linux"}).create(Dirs{State: "/x/y"}, false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		expectTree(t, root, append(below("/x/y"), "drwxr-xr-x /x", "drwxr-xr-x /x/y/run", "dtrwxrwxrwx /x/y/tmp")...)
	}
}

// The umask and the user are the process's own, so the test runs itself again:
// as another user, with an odd umask.
func TestUmaskAndUser(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("STATEDIR_TEST"); dir != "" {
		syscall.Umask(0o077)
		if err := (Dirs{State: dir + "/mine/state"}).Create(false); err != nil {
			t.Error(err)
		}
		err := Dirs{State: dir + "/mine/state", Log: dir + "/closed/a/log"}.Create(false)
		want := fmt.Sprintf("cannot make the log directory %s/closed/a/log (--log-dir): user %d cannot write in %s/closed (permission denied)", dir, os.Geteuid(), dir)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can run it again as another user")
	}
	dir, err := os.MkdirTemp("/tmp", "np")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	mkdirs(t, dir+"/mine", dir+"/closed")
	if err := os.Chown(dir+"/mine", 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copyFile(t, os.Args[0], dir+"/test")
	inner := exec.Command(dir+"/test", "-test.run=^TestUmaskAndUser$", "-test.v", "-test.timeout=60s")
	inner.Env = append(os.Environ(), "STATEDIR_TEST="+dir)
	inner.Dir = dir
	inner.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := inner.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
	expectTree(t, dir+"/mine", append(below("/state"), "drwxr-xr-x /state/run", "dtrwxrwxrwx /state/tmp")...)
	expectTree(t, dir+"/closed")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
