package profile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	env := func(k string) string { return map[string]string{"NIX_USER_PROFILE_DIR": "/x"}[k] }
	for _, name := range []string{"", ".", "..", "a/b", "/a", ".hidden", "a\nb", "a\x00b", "\xff", "processes-3-link", strings.Repeat("x", 201)} {
		if p, err := Locate(name, env, 0, nil); err == nil {
			t.Errorf("%q was accepted: %+v", name, p)
		}
	}
	for _, name := range []string{"processes", "a b", "-x", "processes-b", "é", "processes-link", "a-b-link"} {
		if p, err := Locate(name, env, 0, nil); err != nil || p.Path() != "/x/"+name || p.WorkDir() != "/x/."+name+".nixproc" {
			t.Errorf("%q: got %+v, %v", name, p, err)
		}
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "a b")
	for _, test := range []struct {
		title    string
		env      string // words A=B, with ROOT for the directory
		uid      int
		writable string // directories, below the root
		existing string // profiles, below the root
		want     string
	}{
		{"asked for", "NIX_USER_PROFILE_DIR=ROOT/mine NIX_STATE_DIR=ROOT/nix", 0, "", "", "mine"},
		{"asked for by a user", "NIX_USER_PROFILE_DIR=ROOT/mine", 7, "", "", "mine"},
		{"root", "NIX_STATE_DIR=ROOT/nix USER=root HOME=ROOT", 0, "", "", "nix/profiles"},
		{"a user's own state directory", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT", 7, "nix/profiles nix/profiles/per-user/u", "nix/profiles/per-user/u", "nix/profiles"},
		{"per user", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT", 7, "nix/profiles/per-user/u", "", "nix/profiles/per-user/u"},
		{"nothing is writable", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT/h", 7, "", "", "h/.local/state/nix/profiles"},
		{"XDG", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT/h XDG_STATE_HOME=ROOT/s", 7, "", "", "s/nix/profiles"},
		{"relative XDG", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT/h XDG_STATE_HOME=s", 7, "", "", "h/.local/state/nix/profiles"},
		{"a bad user name", "NIX_STATE_DIR=ROOT/nix USER=../.. HOME=ROOT/h", 7, "nix nix/profiles/per-user", "", "h/.local/state/nix/profiles"},
		{"per user appears later", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT/h", 7,
			"nix/profiles/per-user/u h/.local/state/nix/profiles", "h/.local/state/nix/profiles", "h/.local/state/nix/profiles"},
		{"root's profile is not a user's", "NIX_STATE_DIR=ROOT/nix USER=u HOME=ROOT/h", 7, "", "nix/profiles", "h/.local/state/nix/profiles"},
	} {
		t.Run(test.title, func(t *testing.T) {
			root := root + "/" + strings.ReplaceAll(test.title, " ", "-")
			env := map[string]string{}
			for _, word := range strings.Fields(test.env) {
				k, v, _ := strings.Cut(word, "=")
				env[k] = strings.ReplaceAll(v, "ROOT", root)
			}
			ok := map[string]bool{}
			for _, dir := range strings.Fields(test.writable) {
				ok[root+"/"+dir] = true
				if err := os.MkdirAll(root+"/"+dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, dir := range strings.Fields(test.existing) {
				if err := (Profile{Dir: root + "/" + dir, Name: "processes"}).Create(1, store+"x"); err != nil {
					t.Fatal(err)
				}
				if err := (Profile{Dir: root + "/" + dir, Name: "processes"}).Switch(1); err != nil {
					t.Fatal(err)
				}
			}
			p, err := Locate("processes", func(k string) string { return env[k] }, test.uid, func(dir string) bool { return ok[dir] })
			if err != nil || p.Dir != root+"/"+test.want {
				t.Errorf("got %+v, %v; want %s", p, err, test.want)
			}
		})
	}
	if _, err := Locate("x", func(string) string { return "" }, 1<<30, func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), "set it or NIX_USER_PROFILE_DIR") {
		t.Errorf("got %v", err)
	}
}

func TestDefaultStateDir(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	p, err := Locate("processes", none, 0, nil)
	if err != nil || p.Path() != "/nix/var/nix/profiles/processes" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// NIX_STATE_DIR may be new: what counts is that it can be made.
func TestStateDirToBeMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := map[string]string{"NIX_STATE_DIR": dir + "/new/nix", "HOME": dir}
	p, err := Locate("processes", func(k string) string { return env[k] }, 7, nil)
	if err != nil || p.Dir != dir+"/new/nix/profiles" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// A profile stays where its user has made it, whatever became of the directory.
func TestOwnProfileInADirectoryThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir, uid := t.TempDir(), os.Getuid()
	shared := dir + "/nix/profiles"
	if err := os.MkdirAll(shared+"/per-user/u", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("own-1-link", shared+"/own"); err != nil {
		t.Fatal(err)
	}
	if uid == 0 {
		uid = 7
		if err := os.Lchown(shared+"/own", uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"NIX_STATE_DIR": dir + "/nix", "HOME": dir, "USER": "u"}
	perUser := func(dir string) bool { return dir == shared+"/per-user/u" }
	for name, want := range map[string]string{"own": shared, "new": shared + "/per-user/u"} {
		p, err := Locate(name, func(k string) string { return env[k] }, uid, perUser)
		if err != nil || p.Dir != want {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
}

func TestInsideStateDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := dir + "/nix"
	if err := os.MkdirAll(state+"/profiles/per-user", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(state, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, state+"/profiles/out"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		state + "/profiles":              true,
		state + "/profiles/per-user/new": true,
		dir + "/link/profiles":           true,
		state + "/profiles/out":          false,
		state + "/profiles-b":            false,
		state:                            false,
		dir + "/else":                    false,
	} {
		if got := (Profile{Dir: path, Name: "x", StateDir: state}).InsideStateDir(); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}
