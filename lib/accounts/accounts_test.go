package accounts

import (
	"reflect"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	old := Set{
		Groups: []Group{{Name: "a"}, {Name: "b", GID: "1"}},
		Users:  []User{{Name: "gone"}, {Name: "home", CreateHomeDirOnly: true}, {Name: "real"}, {Name: "same", UID: "1"}},
	}
	new := Set{
		Groups: []Group{{Name: "b", GID: "2"}, {Name: "c"}},
		Users:  []User{{Name: "home"}, {Name: "new"}, {Name: "real", CreateHomeDirOnly: true}, {Name: "same", UID: "2"}},
	}
	create, remove := Diff(old, new)
	if want := (Set{[]Group{{Name: "c"}}, []User{{Name: "home"}, {Name: "new"}, {Name: "real", CreateHomeDirOnly: true}}}); !reflect.DeepEqual(create, want) {
		t.Errorf("to be made: got %+v, want %+v", create, want)
	}
	if want := (Set{[]Group{{Name: "a"}}, []User{{Name: "gone"}}}); !reflect.DeepEqual(remove, want) {
		t.Errorf("to be removed: got %+v, want %+v", remove, want)
	}
	if create, remove := Diff(new, new); !reflect.DeepEqual(create, Set{}) || !reflect.DeepEqual(remove, Set{}) {
		t.Errorf("got %+v, %+v for one and the same set", create, remove)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	ok := Set{
		Groups: []Group{{Name: "webapp", GID: "0"}, {Name: "_x-1.y$", GID: "4294967294"}},
		Users:  []User{{Name: "webapp", UID: "2003", Group: "g", Description: "it's `id` $HOME, \"x\" é", HomeDir: "/a b", Shell: "/bin/sh", Password: "!"}},
	}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		set  Set
		text string
	}{
		{Set{Groups: []Group{{Name: "-r"}}}, `group "-r": the name would be taken for something else`},
		{Set{Groups: []Group{{Name: ""}}}, `group "": the name is empty`},
		{Set{Groups: []Group{{Name: "../x"}}}, `the name has a space, or one of`},
		{Set{Groups: []Group{{Name: "12"}}}, `the name is a number`},
		{Set{Groups: []Group{{Name: "g", GID: "-1"}}}, `group "g": the gid "-1" is not a number`},
		{Set{Groups: []Group{{Name: "g", GID: "4294967295"}}}, "is not a number"},
		{Set{Groups: []Group{{Name: "g", GID: "007"}}}, "is not a number"},
		{Set{Users: []User{{Name: "a b"}}}, `user "a b": the name has a space`},
		{Set{Users: []User{{Name: "u\n"}}}, "the name has a space"},
		{Set{Users: []User{{Name: "u", UID: "x"}}}, `the uid "x" is not a number`},
		{Set{Users: []User{{Name: "u", Group: "-g"}}}, `the group name "-g" would be taken`},
		{Set{Users: []User{{Name: "u", Description: "a:b"}}}, `the description "a:b" has a colon`},
		{Set{Users: []User{{Name: "u", Description: "a\nroot::0:0::/:/bin/sh"}}}, "has a colon or a control character"},
		{Set{Users: []User{{Name: "u", HomeDir: "home"}}}, `the home directory "home" is not an absolute path`},
		{Set{Users: []User{{Name: "u", Shell: "sh"}}}, `the shell "sh" is not an absolute path`},
		{Set{Users: []User{{Name: "u", CreateHomeDirOnly: true}}}, "none is named"},
	} {
		if err := test.set.Validate(); err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%+v: got %v, want %q", test.set, err, test.text)
		}
	}
	both := Set{Groups: []Group{{Name: "-a"}, {Name: "-b"}}}
	if err := both.Validate(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all problems are named: %v", err)
	}
}
