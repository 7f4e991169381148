package profile

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var fixedNow = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func TestCreate(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 0, 1)
	if at(t, p) != 0 {
		t.Error("making a generation moved the profile")
	}
	if err := p.Create(1, store+"gen-1"); err != nil {
		t.Errorf("an interrupted switch cannot be continued: %v", err)
	}
	for n, path := range map[int]string{1: store + "other", 2: "relative", 0: store + "x", -1: store + "x"} {
		if err := p.Create(n, path); err == nil {
			t.Errorf("generation %d of %s was made", n, path)
		}
	}
	if got := numbers(t, p); !reflect.DeepEqual(got, []int{1}) {
		t.Errorf("got %v", got)
	}
}

func TestSwitch(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 1, 1, 2)
	// what a power cut between two steps leaves behind
	if err := os.Symlink("processes-1-link", filepath.Join(p.Dir, ".processes.nixproc-link")); err != nil {
		t.Fatal(err)
	}
	if err := p.Switch(2); err != nil || at(t, p) != 2 {
		t.Errorf("got %v", err)
	}
	if err := p.Switch(7); err == nil || !strings.Contains(err.Error(), "has no generation 7") || at(t, p) != 2 {
		t.Errorf("got %v", err)
	}
	entries, err := os.ReadDir(p.Dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("something is left over: %v, %v", entries, err)
	}
}

// P7: whoever looks at the profile while it moves sees one generation or the
// other, never none.
func TestSwitchIsAtomic(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 1, 1, 2)
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 200 && err == nil; i++ {
			err = p.Switch(1 + i%2)
		}
		done <- err
	}()
	for {
		if to, err := os.Readlink(p.Path()); err != nil || to != "processes-1-link" && to != "processes-2-link" {
			t.Errorf("got %q, %v", to, err)
			<-done
			return
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 2, 1, 2)
	if err := p.Remove(2); err == nil || !strings.Contains(err.Error(), "it is the current one") {
		t.Errorf("got %v", err)
	}
	if err := p.Remove(1); err != nil {
		t.Error(err)
	}
	if err := p.Remove(1); err != nil {
		t.Errorf("what is gone cannot be removed: %v", err)
	}
	if got := numbers(t, p); !reflect.DeepEqual(got, []int{2}) {
		t.Errorf("got %v", got)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	// six generations, made 50, 40, 30, 20, 10 and 0 days ago
	for _, test := range []struct {
		spec    string
		current int
		deleted []int
	}{
		{"2", 6, []int{2}},
		{"4 1", 6, []int{1, 4}},
		{"4,1, 99", 6, []int{1, 4}},
		{"99", 6, nil},
		{"old", 6, []int{1, 2, 3, 4, 5}},
		{"old", 3, []int{1, 2, 4, 5, 6}},
		{"25d", 6, []int{1, 2}}, // 3 was in use 25 days ago
		{"25d", 2, []int{1}},
		{"1d", 6, []int{1, 2, 3, 4}},
		{"100d", 6, nil},
		{"9999999d", 6, nil},
		{"+1", 6, []int{1, 2, 3, 4, 5}},
		{"+3", 6, []int{1, 2, 3}},
		{"+3", 4, []int{1}}, // newer ones stay
		{"+9", 6, nil},
	} {
		p := aged(t, test.current)
		deleted, err := p.Delete(test.spec, fixedNow)
		if err != nil || !reflect.DeepEqual(deleted, test.deleted) {
			t.Errorf("%q at %d: got %v, %v, want %v", test.spec, test.current, deleted, err, test.deleted)
		}
		if left := numbers(t, p); len(left) != 6-len(deleted) || at(t, p) != test.current {
			t.Errorf("%q at %d: left %v", test.spec, test.current, left)
		}
	}
}

func TestDeleteRefused(t *testing.T) {
	t.Parallel()
	for spec, text := range map[string]string{
		"6": "generation 6 is the current one", "1 6 2": "generation 6 is the current one",
		"": "no generation was named", "x": `"x" is no generation`, "1 old": `"old" is no generation`,
		"-1": `"-1" is no generation`, "d": "no number of days", "0d": "no number of days",
		"1.5d": "no number of days", "+": "no number of generations to keep",
		"+0": "no number of generations to keep", "+-2": "no number of generations to keep",
	} {
		p := aged(t, 6)
		deleted, err := p.Delete(spec, fixedNow)
		if err == nil || !strings.Contains(err.Error(), text) || deleted != nil || len(numbers(t, p)) != 6 {
			t.Errorf("%q: got %v, %v; want %q", spec, deleted, err, text)
		}
	}
}

func aged(t *testing.T, current int) Profile {
	t.Helper()
	p := newProfile(t, current, 1, 2, 3, 4, 5, 6)
	for n := 1; n <= 6; n++ {
		setTime(t, p.Link(n), fixedNow.AddDate(0, 0, 10*(n-6)))
	}
	return p
}
