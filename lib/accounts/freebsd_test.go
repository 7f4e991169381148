package accounts

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nixproc/lib/run/runtest"
)

func fakeFreeBSD(t *testing.T) (FreeBSD, *runtest.Fake) {
	t.Helper()
	l, f := fake(t)
	return FreeBSD{Runner: f, PasswdFile: l.PasswdFile, GroupFile: l.GroupFile, Patience: l.Patience}, f
}

func TestPwAdds(t *testing.T) {
	t.Parallel()
	b, f := fakeFreeBSD(t)
	f.Expect("getent", "group", "any", "num").Fail(2, "")
	f.Expect("pw", "group", "add", "-n", "any")
	f.Expect("pw", "group", "add", "-n", "num", "-g", "2000")
	f.Expect("getent", "passwd", "bare", "full", "secret").Fail(2, "")
	f.Expect("pw", "user", "add", "-n", "bare", "-d", "/var/empty")
	f.Expect("pw", "user", "add", "-n", "full", "-u", "2001", "-g", "num", "-c", "it's `id`", "-d", "/home/a b", "-s", "/bin/sh", "-m")
	f.Expect("env", "PASSWORD=$6$x", "sh", "-c", `printf '%s\n' "$PASSWORD" | "$@" -H 0`, "sh", "pw", "user", "add", "-n", "secret", "-d", "/var/empty")
	set := Set{
		Groups: []Group{{Name: "any"}, {Name: "num", GID: "2000"}, {Name: "old", GID: "1000"}},
		Users: []User{
			{Name: "bare"},
			{Name: "full", UID: "2001", Group: "num", Description: "it's `id`", HomeDir: "/home/a b", Shell: "/bin/sh", CreateHomeDir: true},
			{Name: "old", UID: "1000"},
			{Name: "secret", Password: "$6$x"},
		},
	}
	report, err := b.Ensure(t.Context(), set)
	want := Set{Groups: set.Groups[:2], Users: []User{set.Users[0], set.Users[1], set.Users[3]}}
	if err != nil || !reflect.DeepEqual(report.Created, want) || len(report.Warnings) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestPwRemoves(t *testing.T) {
	t.Parallel()
	b, f := fakeFreeBSD(t)
	f.Expect("sh", "-c", pwUserDel, "sh", "old").Fail(67, "pw: no such user `old'\n")
	f.Expect("sh", "-c", pwUserDel, "sh", "lent").Do(remake(b.PasswdFile, "root:x:0:0::/root:/bin/sh\n"))
	f.Expect("pw", "group", "del", "-n", "free").Fail(65, "pw: unknown group `free'\n")
	f.Expect("pw", "group", "del", "-n", "shared")
	report, err := b.Remove(t.Context(), Set{
		Groups: []Group{{Name: "shared"}, {Name: "free"}, {Name: "gone"}, {Name: "root"}},
		Users:  []User{{Name: "lent"}, {Name: "old"}, {Name: "gone"}},
	})
	if err != nil || len(report.Removed.Users) != 1 || len(report.Removed.Groups) != 1 || len(report.Warnings) != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The shell around pw does what it says: a strict pw and a strict pgrep stand on
// the PATH.
func TestShellAroundPw(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pw":    `case "$*" in "user del -n a b") ;; "user add -n x -d /var/empty -H 0") read -r line; printf "password %s\\n" "$line" ;; *) exit 64 ;; esac`,
		"pgrep": `[ "$1 $2" = "-o -U" ] || exit 64; [ "$3" != busy ] || echo 4711; [ "$3" = busy ]`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{pw.userDel("a b"), 0, ""},
		{pw.userDel("busy"), inUse, "used by process 4711"},
		{pw.userAdd(User{Name: "x", Password: `$6$a\b`}), 0, `password $6$a\b`},
	} {
		cmd := exec.Command(test.args[0], test.args[1:]...)
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != test.code || !strings.Contains(string(out), test.want) {
			t.Errorf("%q: %v: %s", test.args, err, out)
		}
	}
}
