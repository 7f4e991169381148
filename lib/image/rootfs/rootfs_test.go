package rootfs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/accounts"
)

// listed is what an archive has in it, one line for each entry, and the texts of
// its files.
func listed(t *testing.T, write func(*tar.Writer) error) (string, map[string]string) {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	texts := map[string]string{}
	for r := tar.NewReader(&archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines.String(), texts
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(moment) || h.Uname != "" || h.Gname != "" {
			t.Errorf("%s was changed %s, and belongs to %q:%q", h.Name, h.ModTime, h.Uname, h.Gname)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		texts[h.Name] = string(text)
		fmt.Fprintf(&lines, "%04o %d:%d %s", h.Mode, h.Uid, h.Gid, h.Name)
		if h.Linkname != "" {
			fmt.Fprintf(&lines, " -> %s", h.Linkname)
		}
		lines.WriteString("\n")
	}
}

// files makes files in a directory: a name that ends with / is a directory, and a
// text that begins with > a link.
func files(t *testing.T, dir string, texts map[string]string) string {
	t.Helper()
	for name, text := range texts {
		at := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		if target, link := strings.CutPrefix(text, ">"); err == nil && link {
			err = os.Symlink(target, at)
		} else if err == nil && strings.HasSuffix(name, "/") {
			err = os.MkdirAll(at, 0o755)
		} else if err == nil {
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	source := filepath.Join(files(t, t.TempDir(), map[string]string{"a": "from a file"}), "a")
	d := Declared{
		Groups: map[string]Group{"root": {Properties: Properties{"gid": "0"}}, "wheel": {Members: []string{"me"}, Properties: Properties{"gid": "10"}}},
		Users: map[string]Properties{
			"root": {"uid": "0", "group": "root", "shell": "/bin/bash", "homeDir": "/root"},
			"me":   {"description": "It's me", "homeDir": "/home/me", "createHomeDir": "1", "password": "$6$x"},
		},
		Directories: map[string]Owned{"/tmp": {Mode: "1777"}, "/var/run/it": {User: "me", Group: "wheel", Mode: "0750"}, "/run": {}, "/var/run": {Mode: "0700"}},
		Files:       map[string]File{"/etc/a": {Source: source, Owned: Owned{Mode: "600"}}, "/var/run/it/b": {Text: "text"}},
		Links:       map[string]string{"/var/run": "../run"},
		Generations: map[string]string{"/nix/var/nix/profiles/p": "/store/p"},
	}
	tree, err := New(d)
	if err == nil {
		err = tree.Lead("/nix/store/x")
	}
	if err != nil {
		t.Fatal(err)
	}
	got, texts := listed(t, tree.Write)
	want := `0755 0:0 etc/
0600 0:0 etc/a
0644 0:0 etc/group
0600 0:0 etc/gshadow
0644 0:0 etc/passwd
0600 0:0 etc/shadow
0755 0:0 home/
0755 1000:1000 home/me/
0755 0:0 nix/
0755 0:0 nix/store/
0755 0:0 nix/var/
0755 0:0 nix/var/nix/
0755 0:0 nix/var/nix/profiles/
0777 0:0 nix/var/nix/profiles/p -> p-1-link
0777 0:0 nix/var/nix/profiles/p-1-link -> /store/p
0700 0:0 run/
0750 1000:10 run/it/
0644 0:0 run/it/b
1777 0:0 tmp/
0755 0:0 var/
0777 0:0 var/run -> ../run
`
	if got != want {
		t.Errorf("the tree is\n%swant\n%s", got, want)
	}
	for name, want := range map[string]string{
		"etc/a": "from a file", "run/it/b": "text",
		"etc/passwd":  "root:x:0:0::/root:/bin/bash\nme:x:1000:1000:It's me:/home/me:/bin/sh\n",
		"etc/group":   "root:x:0:\nwheel:x:10:me\nme:x:1000:\n",
		"etc/shadow":  "root:!:1::::::\nme:$6$x:1::::::\n",
		"etc/gshadow": "root:!::\nwheel:!::me\nme:!::\n",
	} {
		if texts[name] != want {
			t.Errorf("%s is %q, want %q", name, texts[name], want)
		}
	}
}

func TestDeclaredRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want string
		d    Declared
	}{
		{"/a is a link and a directory at once", Declared{Links: map[string]string{"/a": "b"}, Directories: map[string]Owned{"/a": {}}}},
		{"/a/b can't be made: /a is a file", Declared{Files: map[string]File{"/a": {}, "/a/b": {}}}},
		{"/a/c: too many links lead there", Declared{Links: map[string]string{"/a": "b", "/b": "a"}, Files: map[string]File{"/a/c": {}}}},
		{`"a" is no absolute path`, Declared{Files: map[string]File{"a": {}}}},
		{`/a: the mode "rwx" is no octal number up to 7777`, Declared{Directories: map[string]Owned{"/a": {Mode: "rwx"}}}},
		{`/a: the mode "17777" is no octal number up to 7777`, Declared{Directories: map[string]Owned{"/a": {Mode: "17777"}}}},
		{"/a: there is no user me", Declared{Directories: map[string]Owned{"/a": {User: "me"}}}},
		{"/a: there is no group us", Declared{Files: map[string]File{"/a": {Owned: Owned{Group: "us"}}}}},
		{"group g: there is no user me, a member", Declared{Groups: map[string]Group{"g": {Members: []string{"me"}}}}},
		{`user "a:b": the name has a space, or one of / : , \ " '`, Declared{Users: map[string]Properties{"a:b": {}}}},
	} {
		if _, err := New(c.d); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// A home is its user's, whatever else lies in or above it, but for a directory
// that was declared; each time.
func TestHomes(t *testing.T) {
	t.Parallel()
	home := func(dir string) Properties {
		return Properties{"group": "g", "homeDir": dir, "createHomeDir": "1"}
	}
	for range 10 {
		tree, err := New(Declared{
			Groups:      map[string]Group{"g": {}},
			Users:       map[string]Properties{"a": home("/srv/all/a"), "b": home("/srv/all"), "c": home("/srv/all/"), "d": home("/d")},
			Directories: map[string]Owned{"/srv/all/data": {}, "/d": {}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := listed(t, tree.Write)
		want := "0755 0:0 srv/\n0755 1001:1000 srv/all/\n0755 1000:1000 srv/all/a/\n0755 0:0 srv/all/data/\n"
		if !strings.HasPrefix(got, "0755 0:0 d/\n") || !strings.HasSuffix(got, want) {
			t.Fatalf("the tree is\n%swant\n%s", got, want)
		}
	}
}

// Numbers are given as groupadd and useradd would, whatever comes first; who has
// one keeps it.
func TestAccounts(t *testing.T) {
	t.Parallel()
	d := Declared{
		Groups: map[string]Group{"g": {}, "daemons": {Properties: Properties{"system": "1"}}, "last": {Properties: Properties{"gid": "999"}}},
		Users:  map[string]Properties{"b": {}, "a": {"group": "g"}, "it": {"system": "1"}, "c": {"uid": "1500"}},
	}
	found, err := tableOf(d, []Needed{
		{"the profile", accounts.Set{Users: []accounts.User{{Name: "a", Group: "g"}, {Name: "b", UID: "1501"}, {Name: "z", CreateHomeDirOnly: true, HomeDir: "/home/z"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	files := found.files()
	for name, want := range map[string]string{
		"/etc/passwd": "it:x:999:997::/dev/null:/bin/sh\nc:x:1500:1001::/dev/null:/bin/sh\nb:x:1501:1000::/dev/null:/bin/sh\na:x:1502:1002::/dev/null:/bin/sh\n",
		"/etc/group":  "it:x:997:\ndaemons:x:998:\nlast:x:999:\nb:x:1000:\nc:x:1001:\ng:x:1002:\n",
	} {
		if files[name].text != want {
			t.Errorf("%s is\n%swant\n%s", name, files[name].text, want)
		}
	}
}

func TestAccountsCollide(t *testing.T) {
	t.Parallel()
	user := func(u accounts.User) []accounts.User { return []accounts.User{u} }
	group := func(g accounts.Group) []accounts.Group { return []accounts.Group{g} }
	declared := Declared{
		Groups: map[string]Group{"g": {Properties: Properties{"gid": "5"}}, "h": {}},
		Users:  map[string]Properties{"a": {"uid": "7", "group": "g"}},
	}
	for _, c := range []struct {
		set  accounts.Set
		want string
	}{
		{accounts.Set{Users: user(accounts.User{Name: "a", UID: "8"})}, "user a has the uid 7 by the image's steps, and 8 by process web"},
		{accounts.Set{Users: user(accounts.User{Name: "a", Group: "h"})}, "user a has the group g by the image's steps, and h by process web"},
		{accounts.Set{Users: user(accounts.User{Name: "b", UID: "7"})}, "the users a (the image's steps) and b (process web) have the same uid, 7"},
		{accounts.Set{Groups: group(accounts.Group{Name: "g", GID: "6"})}, "group g has the gid 5 by the image's steps, and 6 by process web"},
		{accounts.Set{Groups: group(accounts.Group{Name: "x", GID: "5"})}, "the groups g (the image's steps) and x (process web) have the same gid, 5"},
		{accounts.Set{Users: user(accounts.User{Name: "b", Group: "none"})}, "user b (process web): there is no group none"},
		{accounts.Set{Users: user(accounts.User{Name: "a", UID: "7", Group: "g"})}, ""},
	} {
		err := CheckAccounts(declared, []Needed{{"process web", c.set}})
		if fmt.Sprint(err) != c.want && (err != nil || c.want != "") {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// What packages have is linked, as far as it does not have to be a directory.
func TestLinkContents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := files(t, filepath.Join(dir, "a"), map[string]string{
		"bin/x": "", "bin/y": "", "sbin": ">bin", "share/a/1": "", "share/both/1": "", "etc/a/conf": "", "etc/passwd": "theirs", "var/run/a": "",
	})
	b := files(t, filepath.Join(dir, "b"), map[string]string{"bin/x": "", "share/both/2": "", "sbin/z": "", "run/b": "", "dangling": ">nowhere"})
	tree, err := New(Declared{Links: map[string]string{"/var/run": "../run"}, Files: map[string]File{"/etc/passwd": {}, "/share/a/own": {}}})
	if err == nil {
		err = tree.LinkContents([]string{a, b})
	}
	if err != nil {
		t.Fatal(err)
	}
	got, _ := listed(t, tree.Write)
	want := strings.NewReplacer("A/", a+"/", "B/", b+"/").Replace(`0755 0:0 bin/
0777 0:0 bin/x -> B/bin/x
0777 0:0 bin/y -> A/bin/y
0777 0:0 dangling -> B/dangling
0755 0:0 etc/
0755 0:0 etc/a/
0777 0:0 etc/a/conf -> A/etc/a/conf
0644 0:0 etc/passwd
0755 0:0 run/
0777 0:0 run/a -> A/var/run/a
0777 0:0 run/b -> B/run/b
0755 0:0 sbin/
0777 0:0 sbin/x -> A/sbin/x
0777 0:0 sbin/y -> A/sbin/y
0777 0:0 sbin/z -> B/sbin/z
0755 0:0 share/
0755 0:0 share/a/
0777 0:0 share/a/1 -> A/share/a/1
0644 0:0 share/a/own
0755 0:0 share/both/
0777 0:0 share/both/1 -> A/share/both/1
0777 0:0 share/both/2 -> B/share/both/2
0755 0:0 var/
0777 0:0 var/run -> ../run
`)
	if got != want {
		t.Errorf("the tree is\n%swant\n%s", got, want)
	}

	for _, c := range []struct {
		contents []string
		want     string
	}{
		{[]string{a, files(t, filepath.Join(dir, "c"), map[string]string{"bin/x/y": ""})}, "is a directory in one package and a file in another"},
		{[]string{files(t, filepath.Join(dir, "d"), map[string]string{"share/a": ""})}, "/share/a is a directory, and a file in "},
		{[]string{filepath.Join(a, "bin/x")}, "is a file, where a package, a directory, is due"},
	} {
		tree, err := New(Declared{Files: map[string]File{"/share/a/own": {}}})
		if err == nil {
			err = tree.LinkContents(c.contents)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// What the machine has of modes, times and owners is in no layer.
func TestStorePaths(t *testing.T) {
	t.Parallel()
	dir := files(t, filepath.Join(t.TempDir(), "store"), map[string]string{"p/bin/x": "program", "p/etc/y": "text", "p/l": ">bin", "q/": ""})
	if err := os.Chmod(filepath.Join(dir, "p/bin/x"), 0o700); err != nil {
		t.Fatal(err)
	}
	tree, err := New(Declared{Directories: map[string]Owned{filepath.Dir(dir): {Mode: "1777"}}})
	if err == nil {
		err = tree.Lead(dir + "/p")
	}
	if err != nil {
		t.Fatal(err)
	}
	got, texts := listed(t, func(w *tar.Writer) error { return tree.WriteStorePaths(w, []string{dir + "/p", dir + "/q"}) })
	_, got, _ = strings.Cut(got, "0755 0:0 "+dir[1:]+"/\n")
	want := strings.ReplaceAll(`0555 0:0 DIR/p/
0555 0:0 DIR/p/bin/
0555 0:0 DIR/p/bin/x
0555 0:0 DIR/p/etc/
0444 0:0 DIR/p/etc/y
0777 0:0 DIR/p/l -> bin
0555 0:0 DIR/q/
`, "DIR", dir[1:])
	if got != want || texts[dir[1:]+"/p/bin/x"] != "program" {
		t.Errorf("the layer is\n%swant\n%s", got, want)
	}
}
