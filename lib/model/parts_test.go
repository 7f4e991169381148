package model

import (
	"reflect"
	"testing"
)

// A part has the processes that it was asked for, and knows of the others what the
// order depends on, and no more.
func TestParts(t *testing.T) {
	whole := Model{
		Manager: "sysvinit",
		Processes: []Process{
			{Attribute: "a", Name: "a", Dependencies: []string{"b"}}, {Attribute: "b", Name: "b", Dependencies: []string{"far", "a2"}},
			{Attribute: "a2", Name: "a2", Dependencies: []string{"nothing"}}, {Attribute: "c", Name: "c"}, {Attribute: "twin", Name: "c", Dependencies: []string{"c"}},
		},
		External: []External{{Name: "far"}, {Name: "other"}},
	}
	parts := whole.Parts()
	for _, c := range []struct {
		attributes, external []string
	}{
		{[]string{"a"}, []string{"b", "a2", "far"}},
		{[]string{"a", "b"}, []string{"a2", "far"}},
		{[]string{"twin"}, nil},
		{nil, nil},
	} {
		part := parts.Of(c.attributes)
		var attributes, external []string
		for _, p := range part.Processes {
			attributes = append(attributes, p.Attribute)
		}
		for _, e := range part.External {
			external = append(external, e.Name)
		}
		if part.Manager != "sysvinit" || !reflect.DeepEqual(attributes, c.attributes) || !reflect.DeepEqual(external, c.external) {
			t.Errorf("%q: %q, outside %q, want %q", c.attributes, attributes, external, c.external)
		}
	}
}
