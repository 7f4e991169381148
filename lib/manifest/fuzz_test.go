package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

const whole = `{
 "schema": 1,
 "manager": "sysvinit",
 "parameters": {"stateDir": "/var"},
 "processes": [
  {"name": "a", "attribute": "A", "rank": 1, "dependencies": ["b"], "key": "k", "files": {"etc/a": "d"}, "attributes": {"port": 1}, "unit": {"script": "etc/a"}, "foreign": true},
  {"name": "b", "rank": 0, "key": "l", "files": null}
 ]
}
`

// Whatever the file of a profile holds, it is an error or a manifest, which is
// written and read back as the same; and both readers say the same of it.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		whole, "", "null", "{}", "[]", "1", `"a"`, `{"schema": 1}`, `{"schema": 1, "manager": ""}`, `{"schema": 1, "manager": null, "processes": null}`,
		`{"schema": 0, "manager": "sysvinit"}`, `{"schema": 1, "manager": "sysvinit", "processes": [{}]}`, `{"schema": 1, "manager": "sysvinit"} x`, `{"schema": 1, "Manager": "sysvinit"}`,
	} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	path := filepath.Join(dir, FileName)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := Read(dir)
		if name, err := ManagerOf(dir); name == "" && err == nil {
			t.Fatalf("%q is nobody's", data)
		}
		if err != nil {
			return
		}
		if m == nil || m.Schema < 1 || m.Manager == "" {
			t.Fatalf("%q is read as %+v", data, m)
		}
		text, err := m.Encode()
		if err == nil {
			err = os.WriteFile(path, text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if name, err := ManagerOf(dir); name != m.Manager || err != nil {
			t.Fatalf("the manager is %q, and %q (%v)", m.Manager, name, err)
		}
		again, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.Encode(); err != nil || !bytes.Equal(twice, text) || len(again.Processes) != len(m.Processes) {
			t.Fatalf("%s is read as\n%s (%v)", text, twice, err)
		}
	})
}

// A file that was cut off is an error, wherever it was.
func TestTruncated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	end := len(bytes.TrimSpace([]byte(whole)))
	for cut := range end + 1 {
		file(t, dir, FileName, whole[:cut])
		if m, err := Read(dir); (err == nil) != (cut == end) {
			t.Errorf("cut at %d: %+v, %v", cut, m, err)
		}
	}
	var none *Manifest
	if m, err := Read(t.TempDir()); err != nil || !reflect.DeepEqual(m, none) {
		t.Error(m, err)
	}
}
