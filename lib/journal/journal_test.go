package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nixproc/lib/accounts"
)

func path(t *testing.T) string { return filepath.Join(t.TempDir(), "a folder", "test.journal") }

func open(t *testing.T, path string, about Switch) *Journal {
	t.Helper()
	j, err := Open(path, about)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func begin(t *testing.T, j *Journal, verb, profile string, units ...string) {
	t.Helper()
	if err := j.Begin(Step{verb, profile, units}); err != nil {
		t.Fatal(err)
	}
}

// found reads a journal and gives, by unit, what was last done to it.
func found(t *testing.T, path string) (*Found, map[string]string) {
	t.Helper()
	f, err := Read(path)
	if err != nil || f == nil {
		t.Fatalf("%v, %v", f, err)
	}
	last := map[string]string{}
	for name, touched := range f.Units {
		last[name] = fmt.Sprint(touched.Verb, " ", touched.Profile, " ", touched.Done)
		if touched.Begun.IsZero() || touched.Ended.IsZero() == touched.Done {
			t.Errorf("%s began at %s and ended at %s", name, touched.Begun, touched.Ended)
		}
	}
	return f, last
}

// What was written is found, also after a second switch on top of the first.
func TestReadBack(t *testing.T) {
	file := path(t)
	if f, err := Read(file); f != nil || err != nil {
		t.Fatalf("without a file: %v, %v", f, err)
	}
	j := open(t, file, Switch{Old: "/1", New: "/2", Making: 2, Options: []string{"--user"}})
	if err := j.Change(Accounts{Create: accounts.Set{Users: []accounts.User{{Name: "u"}}}, Remove: accounts.Set{Groups: []accounts.Group{{Name: "g"}}}}); err != nil {
		t.Fatal(err)
	}
	begin(t, j, "stop", "/1", "a", "b")
	j.Done(Step{"stop", "/1", []string{"b"}})
	begin(t, j, "install", "/2")
	begin(t, j, "start", "/2", "b", "c")
	j.Done(Step{"start", "/2", []string{"b"}})
	call := Call{PID: 7, Since: time.Unix(1, 0).UTC(), Until: time.Unix(2, 0).UTC(), Line: "x start", Verb: "start", Units: []string{"c"}}
	if err := j.Call(call); err != nil {
		t.Fatal(err)
	}
	j.Over()
	f, last := found(t, file)
	if want := map[string]string{"a": "stop /1 false", "b": "start /2 true", "c": "start /2 false"}; !reflect.DeepEqual(last, want) {
		t.Errorf("%v, want %v", last, want)
	}
	if f.Last.New != "/2" || f.Last.Old != "/1" || !slices.Equal(f.Last.Options, []string{"--user"}) || !slices.Equal(f.Installed, []string{"/2"}) ||
		!reflect.DeepEqual(f.Calls, []Call{call}) || !f.Over || f.Created.Users[0].Name != "u" || f.Removed.Groups[0].Name != "g" {
		t.Errorf("%+v", f)
	}

	// What is done of another step counts for nothing.
	j = open(t, file, Switch{Old: "/1", New: "/3", At: 1, Making: 3})
	begin(t, j, "stop", "/2", "b")
	j.Done(Step{"start", "/2", []string{"b"}})
	f, last = found(t, file)
	if last["b"] != "stop /2 false" || last["a"] != "stop /1 false" || f.Last.New != "/3" || !slices.Equal(f.Making, []int{2, 3}) {
		t.Errorf("%v, %+v", last, f)
	}
	// A generation that was reached counts no more.
	open(t, file, Switch{New: "/4", At: 3, Making: 4})
	if f, _ = found(t, file); f.Over || !slices.Equal(f.Making, []int{2, 4}) {
		t.Errorf("%+v", f)
	}
	if err := Remove(file); err != nil {
		t.Fatal(err)
	}
	if f, err := Read(file); f != nil || err != nil || Remove(file) != nil {
		t.Errorf("after its end: %v, %v", f, err)
	}
}

// Wherever the end of a journal is cut off or damaged, what is in front of that
// is read, and what comes behind it later is read as well.
func TestDamagedEnd(t *testing.T) {
	file := path(t)
	j := open(t, file, Switch{New: "/2"})
	begin(t, j, "stop", "/1", "a")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(whole), '\n') + 1
	for cut := 0; cut <= len(whole); cut++ {
		for _, rubbish := range []string{"", "\x00\x00", "{\n"} {
			if err := os.WriteFile(file, append(slices.Clone(whole[:cut]), rubbish...), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Read(file)
			if err != nil || (f.Last.Schema == 0) != (cut < first) || (len(f.Units) == 1) != (cut == len(whole)) {
				t.Fatalf("cut at %d of %d, with %q: %+v, %v", cut, len(whole), rubbish, f, err)
			}
			if cut%20 != 0 {
				continue // the disk takes its time
			}
			begin(t, open(t, file, Switch{New: "/3"}), "start", "/3", "b")
			if f, last := found(t, file); f.Last.New != "/3" || last["b"] != "start /3 false" {
				t.Fatalf("cut at %d, with %q: then %+v", cut, rubbish, f)
			}
		}
	}
}

func TestOfALaterVersion(t *testing.T) {
	file := path(t)
	open(t, file, Switch{New: "/2"})
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), `"schema":1`, `"schema":2`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, readErr := Read(file)
	_, openErr := Open(file, Switch{})
	for _, err := range []error{readErr, openErr} {
		if err == nil || !strings.Contains(err.Error(), "later nixproc") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestNilWritesNothing(t *testing.T) {
	var j *Journal
	if err := j.Begin(Step{}); err != nil || j.Call(Call{}) != nil || j.Sync() != nil || j.Change(Accounts{}) != nil || j.Close() != nil {
		t.Error(err)
	}
	j.Done(Step{})
}
