package place

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Many files are there after one call, and what is as it should be stays.
func TestPutMany(t *testing.T) {
	d := directory(t)
	texts := map[string]string{}
	for i := range 3 * sideBySide {
		texts[fmt.Sprintf("unit %d", i)] = fmt.Sprintf("text %d\n", i)
	}
	for _, want := range []bool{true, false} {
		if changed, err := d.Put(texts); err != nil || changed != want {
			t.Errorf("%v, %v, want %v", changed, err, want)
		}
	}
	before, err := os.Stat(filepath.Join(d.Path, "unit 1"))
	must(t, err)
	texts["unit 0"] = "another\n"
	if changed, err := d.Put(texts); err != nil || !changed {
		t.Errorf("%v, %v", changed, err)
	}
	after, err := os.Stat(filepath.Join(d.Path, "unit 1"))
	must(t, err)
	if !os.SameFile(before, after) {
		t.Error("a file was replaced that had not changed")
	}
	for name, text := range texts {
		d.has(t, name, "# Profile: "+d.Profile+" #\n"+text)
	}
	if all, err := os.ReadDir(d.Path); err != nil || len(all) != len(texts) {
		t.Errorf("%d files, %v, want %d", len(all), err, len(texts))
	}
}

// What a call leaves that did not come to its end goes with the next one, whatever
// that is to put; what another profile is about to put stays.
func TestUnfinished(t *testing.T) {
	d := directory(t)
	other := d
	other.Profile += " of others"
	must(t, os.MkdirAll(d.Path, 0o755))
	left, err := d.write("half")
	must(t, err)
	theirs, err := other.write("text")
	must(t, err)
	if changed, err := d.Put(nil); err != nil || changed {
		t.Errorf("%v, %v", changed, err)
	}
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", left, err)
	}
	if _, err := os.Lstat(theirs); err != nil {
		t.Error(err)
	}
}

// A file that can't get its name leaves nothing under another one.
func TestPutFails(t *testing.T) {
	d := directory(t)
	must(t, os.MkdirAll(filepath.Join(d.Path, "b"), 0o755))
	if changed, err := d.Put(map[string]string{"a": "1\n", "b": "2\n", "c": "3\n"}); err == nil || !changed {
		t.Errorf("%v, %v", changed, err)
	}
	entries, err := os.ReadDir(d.Path)
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("a and the directory b should be there: %v", entries)
	}
}
