package chainload

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	entries := map[string]string{
		"initgroups root": "root                  0 7 9\n",
		// Whom only the name service knows.
		"passwd far away":     "far away:x:70001:70002:::\n",
		"initgroups far away": "far away              70003\n",
		"passwd 0x0":          "root:x:0:0:::\n",
	}
	getent := func(_ context.Context, database, key string) (string, error) {
		entry, there := entries[database+" "+key]
		switch {
		case there:
			return entry, nil
		case database == "initgroups":
			return "", errors.New("unknown database") // not glibc
		}
		return "", errNoEntry
	}
	if a, err := Lookup(t.Context(), getent, "root"); err != nil || !reflect.DeepEqual(a, Account{0, 0, []int{0, 7, 9}}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := Lookup(t.Context(), getent, "far away"); err != nil || !reflect.DeepEqual(a, Account{70001, 70002, []int{70003, 70002}}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := Lookup(t.Context(), getent, "nobody"); err != nil || a.UID == 0 || len(a.Groups) == 0 {
		t.Errorf("%+v, %v", a, err)
	}
	for _, name := range []string{"nobody at all", "0x0"} {
		if _, err := Lookup(t.Context(), getent, name); err == nil || !strings.Contains(err.Error(), "there is no user "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What getent(1) itself says is told apart.
func TestGetent(t *testing.T) {
	t.Parallel()
	if entry, err := getent(t.Context(), "passwd", "root"); err != nil || !strings.HasPrefix(entry, "root:") {
		t.Errorf("%q, %v", entry, err)
	}
	if _, err := getent(t.Context(), "passwd", "nobody at all"); !errors.Is(err, errNoEntry) {
		t.Error(err)
	}
}
