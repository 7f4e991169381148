package accounts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Files as the old framework's builders leave them, in all their quoting.
func TestReadOldFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b")
	put(t, dir+"/dysnomia-support/groups/webapp", "gid=2000\n\n")
	put(t, dir+"/dysnomia-support/groups/any", "\n")
	put(t, dir+"/dysnomia-support/users/webapp", `uid="2000"
createHomeDir=1
  description='it'\''s `+"`id -u`"+` $HOME'
group='webapp'
homeDir='/home/web app'
uid=2001
somethingNew='x'
# shell='/no'
shell=/bin/sh
`)
	put(t, dir+"/dysnomia-support/users/home", "homeDir=/var/my dir \ncreateHomeDir=1\ncreateHomeDirOnly=1\n")
	put(t, dir+"/dysnomia-support/users/no", "createHomeDir=''\ngroup=")
	got, err := Read(dir)
	want := Set{
		Groups: []Group{{Name: "any"}, {Name: "webapp", GID: "2000"}},
		Users: []User{
			{Name: "home", HomeDir: "/var/my dir", CreateHomeDir: true, CreateHomeDirOnly: true},
			{Name: "no"},
			{Name: "webapp", UID: "2001", Group: "webapp", Description: "it's `id -u` $HOME", HomeDir: "/home/web app", CreateHomeDir: true, Shell: "/bin/sh"},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got, err := Read(dir); err != nil || !reflect.DeepEqual(got, Set{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Read(dir + "/gone"); err == nil {
		t.Error("a profile that is gone has no accounts, and no error")
	}
	put(t, dir+"/dysnomia-support/users/u", "description='open\n")
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "users/u: a quote is not closed") {
		t.Errorf("got %v", err)
	}
}

// D29: no value that is written runs anything or is changed when a shell
// sources the file, and we read back what we wrote.
func TestWriteSafe(t *testing.T) {
	t.Parallel()
	check := func(description, home string) bool {
		clean := func(s string) string { return strings.ReplaceAll(s, "\x00", "$`'\"\\\n") }
		u := User{Name: "webapp", UID: "2000", Group: "g", Description: clean(description), HomeDir: clean(home), CreateHomeDir: true, Shell: "/bin/sh", Password: "$6$x"}
		set := Set{Groups: []Group{{Name: "g", GID: "7"}}, Users: []User{u}}
		dir := t.TempDir()
		if err := write(set, dir); err != nil {
			t.Log(err)
			return false
		}
		back, err := Read(dir)
		if err != nil || !reflect.DeepEqual(back, set) {
			t.Logf("got %+v, %v, want %+v", back, err, set)
			return false
		}
		script := `. "$1" && printf '%s\0' "$description" "$homeDir" "$password" "$createHomeDir" "$createHomeDirOnly"`
		out, err := exec.Command("/bin/sh", "-c", script, "sh", dir+"/dysnomia-support/users/webapp").Output()
		want := u.Description + "\x00" + u.HomeDir + "\x00$6$x\x001\x00\x00"
		if err != nil || !bytes.Equal(out, []byte(want)) {
			t.Logf("the shell has %q, %v, want %q", out, err, want)
			return false
		}
		return true
	}
	if !check("`id -u` $(id) ${HOME} it's \"x\" \\ EOF\nEOF\n", "/a b") {
		t.Error("see above")
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 60}); err != nil {
		t.Error(err)
	}
}

func TestWriteExact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := Set{Groups: []Group{{Name: "g"}}, Users: []User{{Name: "u", UID: "5", HomeDir: "/h", CreateHomeDir: true, CreateHomeDirOnly: true}}}
	if err := write(set, dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"groups/g": "",
		"users/u":  "createHomeDir='1'\ncreateHomeDirOnly='1'\nhomeDir='/h'\nuid='5'\n",
	} {
		if got, err := os.ReadFile(dir + "/dysnomia-support/" + file); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", file, got, err)
		}
	}
	for _, bad := range []Set{{Groups: []Group{{Name: "../../x"}}}, {Users: []User{{Name: "u", Description: "\x00"}}}} {
		if _, err := bad.Files(); err == nil {
			t.Errorf("%+v has files", bad)
		}
	}
	empty := t.TempDir()
	if err := write(Set{}, empty); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(empty); len(left) != 0 {
		t.Errorf("an empty set has files: %v", left)
	}
}
