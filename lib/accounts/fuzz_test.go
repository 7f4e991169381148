package accounts

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Whatever the properties of an account are, they are refused, or written to the
// files of a profile and read back as the same.
func FuzzFiles(f *testing.F) {
	f.Add("a", "1000", "a b", "/home/a", "it's \"$HOME\" \\", "1")
	f.Add("-r", "x", "", "home", "a:b", "")
	f.Add("é", "", "g", "/a\nb", " ", "0")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name, id, group, home, text, flag string) {
		set := FromProperties(map[string]map[string]string{name: {"gid": id, "system": flag}}, map[string]map[string]string{name: {
			"uid": id, "group": group, "homeDir": home, "description": text, "shell": home, "password": text, "createHomeDir": flag, "system": flag,
		}})
		files, err := set.Files()
		if err != nil || len(name) > 200 {
			return
		}
		if err := os.RemoveAll(filepath.Join(dir, "dysnomia-support")); err != nil {
			t.Fatal(err)
		}
		for path, content := range files {
			path = filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if again, err := Read(dir); err != nil || !reflect.DeepEqual(again, set) {
			t.Fatalf("%+v is read back as %+v (%v)", set, again, err)
		}
	})
}

// Whatever passwd(5) and getent(1) say, an entry is found by its name, and only
// a whole one.
func FuzzTable(f *testing.F) {
	for _, text := range []string{"root:x:0:0:root:/root:/bin/sh\n", "a", ":", "::::", "#a:x:1", "a:x:1\na:x:2", "+::::"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, one := range parseTable(text) {
			if one[0] != name || len(one) <= idField || one.field(len(one)) != "" {
				t.Fatalf("%q has %q as %q", text, name, one)
			}
		}
	})
}
