package model

import (
	"strings"
	"testing"
)

func parse(t *testing.T, text string) Model {
	t.Helper()
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAllProblemsAtOnce(t *testing.T) {
	m := parse(t, `{"schema": 1, "manager": "sysvinit", "processes": [
		{"attribute": "nothing", "problem": "has no attribute 'pkg'"},
		{"attribute": "slash", "schema": 1, "manager": "sysvinit", "name": "a/b"},
		{"attribute": "space", "schema": 1, "manager": "sysvinit", "name": "a b"},
		{"attribute": "hidden", "schema": 1, "manager": "sysvinit", "name": ".a"},
		{"attribute": "empty", "schema": 1, "manager": "sysvinit", "name": ""},
		{"attribute": "twice1", "schema": 1, "manager": "sysvinit", "name": "twice", "parameters": {"x": 1}},
		{"attribute": "twice2", "schema": 1, "manager": "sysvinit", "name": "twice", "parameters": {"x": 2}},
		{"attribute": "same1", "schema": 1, "manager": "sysvinit", "name": "same"},
		{"attribute": "same2", "schema": 1, "manager": "sysvinit", "name": "same", "attributes": {"port": 1}},
		{"attribute": "other", "schema": 1, "manager": "systemd", "name": "other"},
		{"attribute": "new", "schema": 9, "manager": "sysvinit", "name": "new"},
		{"attribute": "a", "schema": 1, "manager": "sysvinit", "name": "a", "dependencies": ["b"]},
		{"attribute": "b", "schema": 1, "manager": "sysvinit", "name": "b", "dependencies": ["a"]}
	]}`)
	_, err := m.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	const want = `process 'nothing' has no attribute 'pkg'
process 'slash': its name "a/b" has a slash in it, so it can't be a file name
process 'space': its name "a b" has white space in it
process 'hidden': its name ".a" begins with '.'
process 'empty': its name "" is empty
processes 'twice1' and 'twice2' have the same name, 'twice', but are not the same process
process 'other' is written for systemd, but this deployment is for sysvinit
process 'new' comes from newer Nix files than this command (schema 9, this command reads 1): upgrade the command
the dependencies form a cycle: a -> b -> a`
	if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
}

func TestDependenciesOutsideTheModel(t *testing.T) {
	m := parse(t, `{"schema": 1, "manager": "sysvinit", "processes": [
		{"attribute": "a", "schema": 1, "manager": "sysvinit", "name": "a", "dependencies": ["outside"]},
		{"attribute": "e", "schema": 1, "manager": "sysvinit", "name": "e"}
	], "external": [{"name": "outside", "dependencies": ["e"]}]}`)
	warnings, err := m.Validate()
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "'a'") || !strings.Contains(warnings[0], "'outside'") {
		t.Errorf("%q", warnings)
	}
	ranks, err := m.Ranks()
	if err != nil {
		t.Fatal(err)
	}
	if ranks["e"] != 0 || ranks["outside"] != 1 || ranks["a"] != 2 {
		t.Errorf("what is outside the model does not count for the order: %v", ranks)
	}
}

// A package of the older framework has its number already.
func TestForeignSequenceIsTheRank(t *testing.T) {
	m := parse(t, `{"schema": 1, "manager": "sysvinit", "processes": [
		{"attribute": "old", "name": "old", "foreign": true, "tree": "/x", "sequence": 7},
		{"attribute": "a", "schema": 1, "manager": "sysvinit", "name": "a", "dependencies": ["old"], "floor": 2},
		{"attribute": "b", "schema": 1, "manager": "sysvinit", "name": "b", "floor": 2}
	]}`)
	ranks, err := m.Ranks()
	if err != nil {
		t.Fatal(err)
	}
	if ranks["old"] != 7 || ranks["a"] != 8 || ranks["b"] != 2 {
		t.Error(ranks)
	}
}
