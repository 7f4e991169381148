package supervisord

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
)

// A program of the framework before this is compared with ours by its settings.
func TestDifference(t *testing.T) {
	dir := t.TempDir()
	unit := func(name, text string) manager.Unit {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return manager.Unit{Name: "p", File: file}
	}
	old := unit("old", "[program:p]\ncommand=/store/p \npriority=1\nenvironment=A=\"1\"\nuser=joe\n")
	const ours = "[program:p]\ncommand=/store/p\npriority=3\nuser=joe\nenvironment=A=\"1\"\n"
	const notPlain = "its file can't be compared: it is more than one program with settings of one line each"
	for _, c := range []struct{ what, from, to, want string }{
		{"nothing", "", "", ""},
		{"another command", "/store/p\n", "/store/p -D\n", "its file sets another command"},
		{"several", "user=joe", "user=jim\nstartsecs=5", "its file sets another startsecs, user"},
		{"less", "user=joe\n", "", "its file sets another user"},
		{"a value that goes on", "A=\"1\"", "A=\"1\"\n ,B=\"2\"", notPlain},
		{"another program besides", "user=joe", "user=joe\n[program:q]\ncommand=/q", notPlain},
	} {
		changed := unit("new", strings.Replace(ours, c.from, c.to, 1))
		for _, got := range []string{Manager{}.Difference(old, changed), Manager{}.Difference(changed, old)} {
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.what, got, c.want)
			}
		}
	}
	if got := (Manager{}).Difference(old, manager.Unit{File: filepath.Join(dir, "gone")}); got != notPlain {
		t.Error(got)
	}
}
