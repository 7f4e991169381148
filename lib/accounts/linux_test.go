package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

const (
	passwd = "root:x:0:0::/root:/bin/sh\nold:x:1000:1000:Old:/home/old:/bin/sh\nlent:x:1001:7::/home/lent:/bin/sh\n"
	group  = "root:x:0:\nold:x:1000:\nshared:x:7:\nfree:x:8:\n"
)

func fake(t *testing.T) (Linux, *runtest.Fake) {
	t.Helper()
	f := runtest.New(t)
	dir := t.TempDir()
	put(t, dir+"/passwd", passwd)
	put(t, dir+"/group", group)
	return Linux{Runner: f, PasswdFile: dir + "/passwd", GroupFile: dir + "/group", Patience: 300 * time.Millisecond}, f
}

// remake stands for a tool that writes a file.
func remake(path, text string) func(context.Context, run.Command) (run.Result, error) {
	return func(context.Context, run.Command) (run.Result, error) {
		return run.Result{}, os.WriteFile(path, []byte(text), 0o644)
	}
}

func TestEnsureCommands(t *testing.T) {
	t.Parallel()
	l, f := fake(t)
	f.Expect("getent", "group", "any", "num", "own").Fail(2, "")
	f.Expect("groupadd", "any")
	f.Expect("groupadd", "-g", "2000", "num")
	f.Expect("groupadd", "-r", "own")
	f.Expect("getent", "passwd", "bare", "full", "nohome", "own").Fail(2, "")
	f.Expect("useradd", "-d", "/dev/null", "bare")
	f.Expect("useradd", "-u", "2001", "-p", "$6$x", "-g", "num", "-c", "it's `id`", "-d", "/home/a b", "-s", "/bin/sh", "-m", "full")
	f.Expect("useradd", "-d", "/dev/null", "nohome")
	f.Expect("useradd", "-d", "/dev/null", "-r", "own")
	home := filepath.Join(t.TempDir(), "x", "home dir")
	set := Set{
		Groups: []Group{{Name: "any"}, {Name: "num", GID: "2000"}, {Name: "own", System: true}, {Name: "old", GID: "1000"}},
		Users: []User{
			{Name: "bare"},
			{Name: "full", UID: "2001", Password: "$6$x", Group: "num", Description: "it's `id`", HomeDir: "/home/a b", Shell: "/bin/sh", CreateHomeDir: true},
			{Name: "nohome", CreateHomeDir: true},
			{Name: "own", System: true},
			{Name: "old", UID: "1000", Group: "old", HomeDir: "/home/old", Shell: "/bin/sh"},
			{Name: "only", HomeDir: home, CreateHomeDir: true, CreateHomeDirOnly: true},
		},
	}
	report, err := l.Ensure(t.Context(), set)
	want := Report{Created: Set{set.Groups[:3], set.Users[:4]}}
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("got %+v, %v\nwant %+v", report, err, want)
	}
	if info, err := os.Stat(home); err != nil || info.Mode() != os.ModeDir|0o755 {
		t.Errorf("the home directory: %v, %v", info, err)
	}
	lines := f.Lines()
	if last, first := slices.Index(lines, "groupadd -g 2000 num"), slices.Index(lines, "useradd -d /dev/null bare"); last > first {
		t.Errorf("users before groups: %q", lines)
	}
}

// D16, P14: what exists with another number or shell is kept and reported.
func TestEnsureKeeps(t *testing.T) {
	t.Parallel()
	l, f := fake(t)
	f.Expect("getent", "passwd", "ldap").Print("ldap:*:5000:5000:L:/home/ldap:/bin/ksh\n")
	report, err := l.Ensure(t.Context(), Set{
		Groups: []Group{{Name: "old", GID: "2003"}, {Name: "shared"}},
		Users: []User{
			{Name: "ldap", Shell: "/bin/sh"},
			{Name: "old", UID: "2003", Group: "shared", HomeDir: "/h", Shell: "/bin/sh"},
		},
	})
	want := Report{Warnings: []string{
		"group old exists with gid 1000; 2003 was asked for: kept",
		"user ldap exists with shell /bin/ksh; /bin/sh was asked for: kept",
		"user old exists with uid 1000; 2003 was asked for: kept",
		"user old exists with primary gid 1000; 7 (shared) was asked for: kept",
		"user old exists with home directory /home/old; /h was asked for: kept",
	}}
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestEnsureErrors(t *testing.T) {
	t.Parallel()
	l, _ := fake(t)
	if _, err := l.Ensure(t.Context(), Set{Users: []User{{Name: "-r"}}}); err == nil {
		t.Error("an invalid set was not refused")
	}

	l, f := fake(t)
	f.Expect("getent", "group", "g").Fail(2, "")
	f.Expect("groupadd", "g")
	f.Expect("getent", "passwd", "a", "b").Fail(2, "")
	f.Expect("useradd", "-d", "/dev/null", "a").Do(func(ctx context.Context, c run.Command) (run.Result, error) {
		_, err := remake(l.PasswdFile, passwd+"a:x:9:9::/dev/null:\n")(ctx, c)
		return run.Result{}, errors.Join(&run.Error{Command: c, Code: 12, Tail: "cannot create directory"}, err)
	})
	report, err := l.Ensure(t.Context(), Set{Groups: []Group{{Name: "g"}}, Users: []User{{Name: "a"}, {Name: "b"}}})
	want := Report{Created: Set{[]Group{{Name: "g"}}, []User{{Name: "a"}}}}
	if !reflect.DeepEqual(report, want) {
		t.Errorf("an account that was made before the error is not reported: %+v", report)
	}
	if err == nil || !strings.Contains(err.Error(), "cannot make the user a: useradd -d /dev/null a failed with exit code 12") {
		t.Errorf("got %v", err)
	}

	l, f = fake(t)
	f.Expect("getent", "group", "g").Fail(3, "no")
	if _, err := l.Ensure(t.Context(), Set{Groups: []Group{{Name: "g"}}}); err == nil {
		t.Error("a lookup that failed counts as not found")
	}
	l, f = fake(t)
	f.Expect("getent", "group", "g").Return(run.Result{}, &run.Error{Code: -1, Cause: exec.ErrNotFound})
	f.Expect("groupadd", "g").Fail(4, "")
	if report, err := l.Ensure(t.Context(), Set{Groups: []Group{{Name: "g"}}}); err == nil || len(report.Created.Groups) != 0 {
		t.Errorf("without getent: got %+v, %v", report, err)
	}
}

func TestRemoveCommands(t *testing.T) {
	t.Parallel()
	l, f := fake(t)
	f.Expect("userdel", "lent")
	f.Expect("userdel", "old").Do(remake(l.PasswdFile, "root:x:0:0::/root:/bin/sh\n"))
	f.Expect("groupdel", "shared")
	f.Expect("groupdel", "free").Fail(6, "does not exist")
	set := Set{
		Groups: []Group{{Name: "free"}, {Name: "gone"}, {Name: "old", GID: "2003"}, {Name: "root"}, {Name: "shared", GID: "7"}},
		Users:  []User{{Name: "gone"}, {Name: "lent"}, {Name: "old"}, {Name: "root"}, {Name: "only", CreateHomeDirOnly: true}},
	}
	report, err := l.Remove(t.Context(), set)
	want := Report{
		Removed: Set{[]Group{{Name: "shared", GID: "7"}}, []User{{Name: "old"}, {Name: "lent"}}},
		Warnings: []string{
			"user root has uid 0 and was left", "group root has gid 0 and was left",
			"group old has gid 1000, not 2003, so it was made by somebody else: left",
		},
	}
	slices.Sort(report.Warnings)
	slices.Sort(want.Warnings)
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("got %+v, %v\nwant %+v", report, err, want)
	}
	if lines := f.Lines(); !strings.HasPrefix(lines[0], "userdel") || !strings.HasPrefix(lines[len(lines)-1], "groupdel") {
		t.Errorf("got %q", lines)
	}
}

// A process that init has not reaped yet is waited for longer.
func TestRemoveUnreaped(t *testing.T) {
	t.Parallel()
	l, f := fake(t)
	tries := 0
	f.Expect("userdel", "lent").Times(5).Do(func(_ context.Context, c run.Command) (run.Result, error) {
		if tries++; tries == 5 { // well after the patience
			return run.Result{}, nil
		}
		return run.Result{}, &run.Error{Command: c, Code: 8, Tail: "userdel: user lent is currently used by process 4194300"}
	})
	l.Patience = 500 * time.Millisecond
	report, err := l.Remove(t.Context(), Set{Users: []User{{Name: "lent"}}})
	if err != nil || len(report.Removed.Users) != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
}

// P14: a user whose processes run is retried, then reported and left, and so
// is its group.
func TestRemoveBusy(t *testing.T) {
	t.Parallel()
	l, f := fake(t)
	tries := 0
	f.Expect("userdel", "lent").Times(3).Do(func(_ context.Context, c run.Command) (run.Result, error) {
		if tries++; tries == 3 {
			return run.Result{}, nil
		}
		return run.Result{}, &run.Error{Command: c, Code: 8, Tail: fmt.Sprintf("user lent is currently used by process %d", os.Getpid())}
	})
	l.Patience = time.Minute
	report, err := l.Remove(t.Context(), Set{Users: []User{{Name: "lent"}}})
	if err != nil || len(report.Removed.Users) != 1 || len(report.Warnings) != 0 {
		t.Errorf("got %+v, %v", report, err)
	}

	l, f = fake(t)
	l.Patience = time.Nanosecond
	f.Expect("userdel", "lent").Fail(8, fmt.Sprintf("user lent is currently used by process %d", os.Getpid()))
	f.Expect("userdel", "old").Fail(10, "cannot lock")
	report, err = l.Remove(t.Context(), Set{Groups: []Group{{Name: "shared"}}, Users: []User{{Name: "lent"}, {Name: "old"}}})
	if err == nil || !strings.Contains(err.Error(), "cannot remove the user old: userdel old failed with exit code 10") {
		t.Errorf("got %v", err)
	}
	if len(report.Warnings) != 2 || !strings.HasPrefix(report.Warnings[0], "user lent is still in use and was left: ") ||
		report.Warnings[1] != "group shared is still the primary group of lent and was left" || !reflect.DeepEqual(report.Removed, Set{}) ||
		!reflect.DeepEqual(report.Left, Set{[]Group{{Name: "shared"}}, []User{{Name: "lent", InUse: true}}}) {
		t.Errorf("got %+v", report)
	}

	// A later switch tries it once.
	left := report.Left
	l, f = fake(t)
	f.Expect("userdel", "lent").Fail(8, "user lent is currently used by process 1")
	if report, err = l.Remove(t.Context(), left); err != nil || !reflect.DeepEqual(report.Left, left) {
		t.Errorf("got %+v, %v", report, err)
	}
}
