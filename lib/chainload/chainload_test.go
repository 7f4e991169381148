package chainload

import (
	"reflect"
	"strings"
	"testing"

	"nixproc/lib/run/runtest"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	f := runtest.New(t)
	f.Expect("getent", "initgroups", "--", "root").Print("root                  0 7 9\n")
	if a, err := Lookup(t.Context(), f, "root"); err != nil || !reflect.DeepEqual(a, Account{0, 0, []int{0, 7, 9}}) {
		t.Errorf("%+v, %v", a, err)
	}
	// Whom only the name service knows.
	f.Expect("getent", "passwd", "--", "far away").Print("far away:x:70001:70002:::\n")
	f.Expect("getent", "initgroups", "--", "far away").Print("far away              70003\n")
	if a, err := Lookup(t.Context(), f, "far away"); err != nil || !reflect.DeepEqual(a, Account{70001, 70002, []int{70003, 70002}}) {
		t.Errorf("%+v, %v", a, err)
	}
	f.Expect("getent", "initgroups", "--", "nobody").Fail(1, "unknown database") // not glibc
	if a, err := Lookup(t.Context(), f, "nobody"); err != nil || a.UID == 0 || len(a.Groups) == 0 {
		t.Errorf("%+v, %v", a, err)
	}
	f.Expect("getent", "passwd", "--", "nobody at all").Fail(2, "")
	f.Expect("getent", "passwd", "--", "0x0").Print("root:x:0:0:::\n")
	for _, name := range []string{"nobody at all", "0x0"} {
		if _, err := Lookup(t.Context(), f, name); err == nil || !strings.Contains(err.Error(), "there is no user "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
