package render

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
)

// A log stays if it is the user's own, and is made anew in the place of anything
// else.
func TestLentLog(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	const own, stranger = 65534, 42424
	if nobody.Uid != "65534" {
		t.Skip("nobody has another number here")
	}
	for name, test := range map[string]struct {
		make func(file, victim string) error
		kept bool
	}{
		"nothing": {make: func(string, string) error { return nil }},
		"its own": {kept: true, make: func(file, _ string) error {
			return errors.Join(os.WriteFile(file, []byte("old"), 0o644), os.Chown(file, own, own))
		}},
		"another's": {make: func(file, _ string) error {
			return errors.Join(os.WriteFile(file, []byte("old"), 0o644), os.Chown(file, stranger, own))
		}},
		"a link to its own": {make: func(file, victim string) error {
			return errors.Join(os.Chown(victim, own, own), os.Symlink(victim, file), os.Lchown(file, own, own))
		}},
		"another name": {make: func(file, victim string) error { return errors.Join(os.Chown(victim, own, own), os.Link(victim, file)) }},
	} {
		for _, who := range []string{"nobody", "65534"} {
			dir := t.TempDir()
			file, victim := filepath.Join(dir, "a log"), filepath.Join(dir, "victim")
			if err := errors.Join(os.WriteFile(victim, []byte("old"), 0o644), test.make(file, victim)); err != nil {
				t.Fatal(err)
			}
			script := lendLog(file, who) + " && echo new >>'" + file + "'"
			if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
				t.Errorf("%s, %s: %v: %s", name, who, err, out)
			}
			want := "new\n"
			if test.kept {
				want = "oldnew\n"
			}
			is, _ := os.ReadFile(file)
			other, _ := os.ReadFile(victim)
			if string(is) != want || string(other) != "old" {
				t.Errorf("%s, %s: the log has %q, want %q, and the other file %q", name, who, is, want, other)
			}
		}
	}
}
