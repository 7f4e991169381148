package place

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func directory(t *testing.T) Directory {
	t.Helper()
	dir := t.TempDir()
	return Directory{
		Path: filepath.Join(dir, "a folder", "units"), Profile: filepath.Join(dir, "a profile"),
		Begin: "# Profile: ", End: " #",
		Theirs: func(name, to string) bool { return to == "/store/"+name },
		Holds: func(profile, name string) bool {
			_, err := os.Stat(filepath.Join(profile, name))
			return err == nil
		},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d Directory) has(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join(d.Path, name)
	is, err := os.ReadFile(path)
	info, statErr := os.Lstat(path)
	if err != nil || statErr != nil || string(is) != want || info.Mode() != d.mode() {
		t.Errorf("%s is %q, %v, %v; want %q", name, is, info.Mode(), err, want)
	}
}

func TestPutAndRemove(t *testing.T) {
	d := directory(t)
	for _, want := range []bool{true, false} {
		if changed, err := d.Put(map[string]string{"a": "text\n"}); err != nil || changed != want {
			t.Errorf("%v, %v, want %v", changed, err, want)
		}
	}
	d.has(t, "a", "# Profile: "+d.Profile+" #\ntext\n")
	if has, err := d.Has("a"); err != nil || !has {
		t.Error(has, err)
	}
	must(t, os.Chmod(filepath.Join(d.Path, "a"), 0o600))
	if changed, err := d.Put(map[string]string{"a": "text\n"}); err != nil || !changed {
		t.Errorf("another mode was left: %v, %v", changed, err)
	}
	for _, want := range []bool{true, false} {
		if removed, err := d.Remove("a"); err != nil || removed != want {
			t.Errorf("%v, %v, want %v", removed, err, want)
		}
	}
	if left, err := os.ReadDir(d.Path); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// The line stands after a first line that has to be the first, and can hold any
// path.
func TestSignature(t *testing.T) {
	d := directory(t)
	d.Begin, d.End, d.Line, d.Mode = "<!-- Profile: ", " -->", 1, 0o555
	d.Profile = "/a -- b---c\nd\re%2D\\"
	for text, want := range map[string]string{
		"#!/bin/sh\necho\n": "#!/bin/sh\n<!-- Profile: /a -%2D b-%2D-c%0Ad%0De%252D%5C -->\necho\n",
		"#!/bin/sh\n":       "#!/bin/sh\n<!-- Profile: /a -%2D b-%2D-c%0Ad%0De%252D%5C -->\n",
		"#!/bin/sh":         "#!/bin/sh\n<!-- Profile: /a -%2D b-%2D-c%0Ad%0De%252D%5C -->\n",
	} {
		_, err := d.Put(map[string]string{"a": text})
		must(t, err)
		d.has(t, "a", want)
		if owner, err := d.owner("a"); err != nil || owner != d.Profile {
			t.Errorf("%q is %q's, %v", text, owner, err)
		}
	}
}

func TestWhatIsInTheWay(t *testing.T) {
	ours := directory(t)
	must(t, os.MkdirAll(ours.Path, 0o755))
	other := ours
	other.Profile += " of others"
	for name, put := range map[string]func(path string) error{
		"file":       func(path string) error { return os.WriteFile(path, []byte("# Profile\n"), 0o644) },
		"empty":      func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"unfinished": func(path string) error { return os.WriteFile(path, []byte("# Profile: "+ours.Profile+"\n"), 0o644) },
		"directory":  func(path string) error { return os.Mkdir(path, 0o755) },
		"link":       func(path string) error { return os.Symlink("/etc/passwd", path) },
		"theirs": func(path string) error {
			must(t, os.MkdirAll(other.Profile, 0o755))
			must(t, os.WriteFile(filepath.Join(other.Profile, "theirs"), nil, 0o644))
			_, err := other.Put(map[string]string{"theirs": "text"})
			return err
		},
	} {
		must(t, put(filepath.Join(ours.Path, name)))
		want := " is in the way"
		if name == "theirs" {
			want = " belongs to the profile " + other.Profile
		}
		if err := ours.MayPut(name); err == nil || !strings.Contains(err.Error(), name+want) {
			t.Errorf("%s: %v", name, err)
		}
		if removed, err := ours.Remove(name); err != nil || removed {
			t.Errorf("%s: removed %v, %v", name, removed, err)
		}
	}
}

func TestWhatMayBeReplaced(t *testing.T) {
	d := directory(t)
	must(t, os.MkdirAll(d.Path, 0o755))
	must(t, os.Symlink("/store/link", filepath.Join(d.Path, "link")))
	must(t, os.Symlink("/store/gone", filepath.Join(d.Path, "gone")))
	other := d
	other.Profile = "/no/longer/there"
	_, err := other.Put(map[string]string{"orphan": "of others\n"})
	must(t, err)
	for _, name := range []string{"link", "orphan", "new"} {
		must(t, d.MayPut(name))
		if changed, err := d.Put(map[string]string{name: "ours\n"}); err != nil || !changed {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
		d.has(t, name, "# Profile: "+d.Profile+" #\nours\n")
	}
	if removed, err := d.Remove("gone"); err != nil || !removed {
		t.Errorf("a link of the older tools stays: %v, %v", removed, err)
	}
}
