package accounts

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"nixproc/lib/run"
)

// private runs its arguments where /etc, and whatever else the tools write, is
// a copy that ends with them.
const private = `set -e
mount -t tmpfs tmpfs /mnt
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
for dir in /var/log /var/mail; do
	if [ -d "$dir" ]; then mount -t tmpfs tmpfs "$dir"; fi
done
exec "$@"`

// TestReal uses the machine's own tools. It runs itself again in a mount
// namespace, so that the machine's own accounts are not touched.
func TestReal(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("ACCOUNTS_TEST"); dir != "" {
		realAccounts(t, dir)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make accounts")
	}
	for _, tool := range []string{"groupadd", "useradd", "userdel", "groupdel", "unshare", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if out, err := exec.Command("unshare", "-m", "--propagation", "private", "true").CombinedOutput(); err != nil {
		t.Skipf("no private mount namespace: %v: %s", err, out)
	}
	before := content(t, "/etc/passwd") + content(t, "/etc/group")
	dir := filepath.Join(t.TempDir(), "a b")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	inner := exec.Command("unshare", "-m", "--propagation", "private", "sh", "-c", private, "sh",
		os.Args[0], "-test.run=^TestReal$", "-test.v", "-test.timeout=120s")
	inner.Env = append(os.Environ(), "ACCOUNTS_TEST="+dir, "LC_ALL=C")
	out, err := inner.CombinedOutput()
	if !strings.Contains(string(out), "=== RUN") {
		t.Skipf("no private /etc: %v: %s", err, out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestReal") {
		t.Errorf("%v\n%s", err, out)
	}
	if content(t, "/etc/passwd")+content(t, "/etc/group") != before {
		t.Error("the machine's own accounts changed")
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// line gives an account's line in a file, "" if it has none.
func line(t *testing.T, file, name string) string {
	t.Helper()
	for _, line := range strings.Split(content(t, file), "\n") {
		if strings.HasPrefix(line, name+":") {
			return line
		}
	}
	return ""
}

func realAccounts(t *testing.T, dir string) {
	if !strings.Contains(content(t, "/proc/self/mountinfo"), " /etc rw") {
		t.Fatal("/etc is the machine's own")
	}
	l := Linux{Runner: run.Host{}, Patience: 700 * time.Millisecond}
	home := dir + "/home/np one"
	set := Set{
		Groups: []Group{{Name: "npgroup", GID: "42003"}, {Name: "npother"}},
		Users: []User{
			{Name: "npone", UID: "42001", Group: "npgroup", Description: "it's `id -u` $HOME \"x\" \\ $(id)", HomeDir: home, CreateHomeDir: true, Shell: "/bin/sh", Password: "!x$y`z"},
			{Name: "nptwo", Group: "npother"},
		},
	}
	profile := dir + "/profile"
	if err := write(set, profile); err != nil {
		t.Fatal(err)
	}
	set, err := Read(profile)
	if err != nil {
		t.Fatal(err)
	}
	report, err := l.Ensure(t.Context(), set)
	if err != nil || !reflect.DeepEqual(report, Report{Created: set}) {
		t.Fatalf("got %+v, %v", report, err)
	}
	if got, want := line(t, "/etc/passwd", "npone"), "npone:x:42001:42003:it's `id -u` $HOME \"x\" \\ $(id):"+home+":/bin/sh"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := line(t, "/etc/shadow", "npone"); !strings.HasPrefix(got, "npone:!x$y`z:") {
		t.Errorf("got %s", got)
	}
	if got := line(t, "/etc/passwd", "nptwo"); !strings.Contains(got, ":/dev/null:") {
		t.Errorf("got %s", got)
	}
	if info, err := os.Stat(home); err != nil || info.Sys().(*syscall.Stat_t).Uid != 42001 {
		t.Errorf("the home directory: %v, %v", info, err)
	}
	report, err = l.Ensure(t.Context(), set)
	if err != nil || !reflect.DeepEqual(report, Report{}) {
		t.Errorf("the second time: got %+v, %v", report, err)
	}
	realFailure(t, l, dir)
	realRemoval(t, l, set, home)
	realNamesake(t, l)
}

func realFailure(t *testing.T, l Linux, dir string) {
	report, err := l.Ensure(t.Context(), Set{Groups: []Group{{Name: "npnew"}}, Users: []User{{Name: "npclash", UID: "42001"}}})
	if err == nil || !strings.Contains(err.Error(), "useradd -u 42001 -d /dev/null npclash failed with exit code 4") {
		t.Errorf("got %v", err)
	}
	if want := (Set{Groups: []Group{{Name: "npnew"}}}); !reflect.DeepEqual(report.Created, want) {
		t.Errorf("got %+v", report)
	}
	undo, err := l.Remove(t.Context(), report.Created)
	if err != nil || !reflect.DeepEqual(undo.Removed, report.Created) || line(t, "/etc/group", "npnew") != "" {
		t.Errorf("got %+v, %v", undo, err)
	}

	put(t, dir+"/file", "")
	set := Set{Users: []User{{Name: "nphome", HomeDir: dir + "/file/home", CreateHomeDir: true}}}
	report, err = l.Ensure(t.Context(), set)
	if made := line(t, "/etc/passwd", "nphome") != ""; err == nil || made != (len(report.Created.Users) == 1) {
		t.Errorf("made: %v; got %+v, %v", made, report, err)
	}
	if _, err := l.Remove(t.Context(), report.Created); err != nil || line(t, "/etc/passwd", "nphome") != "" {
		t.Errorf("got %v", err)
	}
}

func realRemoval(t *testing.T, l Linux, set Set, home string) {
	busy := exec.Command("sleep", "60")
	busy.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 42001, Gid: 42003}}
	busy.Dir = "/"
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	report, err := l.Remove(t.Context(), set)
	if err != nil || len(report.Removed.Users) != 1 || len(report.Removed.Groups) != 1 || len(report.Warnings) != 2 ||
		!strings.Contains(report.Warnings[0], "currently used by process") || line(t, "/etc/passwd", "npone") == "" {
		t.Errorf("while a process runs: got %+v, %v", report, err)
	}
	busy.Process.Kill()
	busy.Wait()
	report, err = l.Remove(t.Context(), set)
	if err != nil || len(report.Removed.Users) != 1 || len(report.Removed.Groups) != 1 || len(report.Warnings) != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
	for _, name := range []string{"npone", "nptwo", "npgroup", "npother"} {
		if line(t, "/etc/passwd", name)+line(t, "/etc/group", name) != "" {
			t.Errorf("%s is still there", name)
		}
	}
	if _, err := os.Stat(home); err != nil {
		t.Errorf("the home directory was removed: %v", err)
	}
	report, err = l.Remove(t.Context(), set)
	if err != nil || !reflect.DeepEqual(report, Report{}) {
		t.Errorf("removing what is gone: got %+v, %v", report, err)
	}
}

// Userdel takes the group of the same name along, also where the group is to
// stay.
func realNamesake(t *testing.T, l Linux) {
	group := Set{Groups: []Group{{Name: "npsame", GID: "42009"}}}
	user := Set{Users: []User{{Name: "npsame", Group: "npsame"}}}
	for _, set := range []Set{group, user} {
		if _, err := l.Ensure(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	if report, err := l.Remove(t.Context(), user); err != nil || len(report.Removed.Users) != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	if got := line(t, "/etc/group", "npsame"); got != "npsame:x:42009:" {
		t.Errorf("the group is %q", got)
	}
	both := Set{group.Groups, user.Users}
	if _, err := l.Ensure(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	if report, err := l.Remove(t.Context(), both); err != nil || line(t, "/etc/group", "npsame") != "" {
		t.Errorf("got %+v, %v", report, err)
	}
}
