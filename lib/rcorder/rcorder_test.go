package rcorder

import (
	"maps"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const text = `#!/bin/sh
#
# $FreeBSD$
#

# PROVIDE: web www
# REQUIRE: NETWORKING database
# REQUIRES:	cache
# BEFORE: LOGIN
# KEYWORD: shutdown nojail

# PROVIDE: later
`
	got := Parse("a", text)
	want := Script{
		Name: "a", Provides: []string{"web", "www"}, Requires: []string{"NETWORKING", "database", "cache"},
		Before: []string{"LOGIN"}, Keywords: []string{"shutdown", "nojail"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := Parse("b", "#!/bin/sh\n#PROVIDE: no\n# provide: no\nPROVIDE: no\n# BEFORES: no\n"); !reflect.DeepEqual(got, Script{Name: "b"}) {
		t.Errorf("%+v", got)
	}
}

func TestRanks(t *testing.T) {
	t.Parallel()
	ranks, err := Ranks([]Script{
		{Name: "web", Provides: []string{"www"}, Requires: []string{"db", "NETWORKING"}},
		{Name: "second db", Provides: []string{"db"}},
		{Name: "first db", Provides: []string{"db"}, Requires: []string{"disk"}},
		{Name: "disk", Provides: []string{"disk", "db"}, Requires: []string{"disk"}},
		{Name: "early", Before: []string{"disk"}},
	})
	want := map[string]int{"early": 0, "disk": 1, "second db": 0, "first db": 2, "web": 3}
	if err != nil || !maps.Equal(ranks, want) {
		t.Errorf("%v, %v, want %v", ranks, err, want)
	}
}

// A cycle is reported, and there is an order all the same.
func TestCycles(t *testing.T) {
	t.Parallel()
	ranks, err := Ranks([]Script{
		{Name: "a", Provides: []string{"a"}, Requires: []string{"b"}},
		{Name: "b", Provides: []string{"b"}, Requires: []string{"c"}},
		{Name: "c", Provides: []string{"c"}, Requires: []string{"a"}},
		{Name: "d", Requires: []string{"c"}},
	})
	if err == nil || !strings.Contains(err.Error(), "a -> b -> c -> a") {
		t.Errorf("the error is %v", err)
	}
	if want := map[string]int{"c": 1, "b": 2, "a": 0, "d": 2}; !maps.Equal(ranks, want) {
		t.Errorf("%v, want %v", ranks, want)
	}
}
