package network

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Whose what a machine has is, and what becomes of it.
func TestSettle(t *testing.T) {
	t.Parallel()
	at := func(names ...string) map[string]Deployed {
		there := map[string]Deployed{}
		for _, name := range names {
			service, pkg, other := strings.Cut(name, "=")
			if !other {
				pkg = "now-" + service
			}
			there[service] = Deployed{Package: "/" + pkg, Type: Module, Container: Module, After: []Place{{"m", pkg}}}
		}
		return there
	}
	const us, them = "us at home", "them elsewhere"
	for _, c := range []struct {
		what             string
		deployed, after  map[string]Deployed
		earlier          map[string]Deployed
		held             Held
		takeOver         bool
		want             string // what is deployed then
		found, lost, bad string
	}{
		{"ours", at("a"), at("a"), nil, Held{Name: "a", Network: us}, false, "a=/now-a after", "", "", ""},
		{"ours, of a version before this", at("a"), at("a"), nil, Held{Name: "a"}, false, "a=/now-a after", "", "", ""},
		{"left", nil, at("b"), nil, Held{Name: "a", Service: "/old-a", Network: us}, false, "a=/old-a", "a", "", ""},
		{"left, and known from before", nil, nil, at("service=old-a"), Held{Name: "a", Service: "/old-a", Network: us}, false, "service=/old-a after", "service", "", ""},
		{"left by a version before this", nil, nil, at("a=old-a"), Held{Name: "a", Answer: Answer{Package: "profile of /old-a"}}, false, "a=/old-a after", "a", "", ""},
		{"not what was there before", nil, nil, at("a=old-a"), Held{Name: "a", Answer: Answer{Package: "another"}}, false, "", "", "", ""},
		{"the model has it by another name", nil, at("now=now-a"), nil, Held{Name: "a", Service: "/old-a", Network: us}, false, "now=/old-a", "now", "", ""},
		{"its name is taken", at("a=now-b"), nil, nil, Held{Name: "a", Service: "/old-a", Network: us}, false, "a=/now-b after, old-a=/old-a", "old-a", "", ""},
		{"nobody's", nil, nil, nil, Held{Name: "a"}, false, "", "", "", ""},
		{"nobody's, where it is to be", nil, at("a"), nil, Held{Name: "a"}, false, "", "", "", "m has a from a network that it does not know: "},
		{"another's", nil, nil, at("a"), Held{Name: "a", Service: "/now-a", Network: them}, false, "", "", "", ""},
		{"another's, where it is to be", nil, at("a"), at("a"), Held{Name: "a", Service: "/now-a", Network: them}, false, "", "", "", "m has a from the network elsewhere"},
		{"ours once", at("a"), nil, nil, Held{Name: "a", Network: them}, false, "", "", "a: the network elsewhere", ""},
		{"ours once, and to be so", at("a"), at("a"), nil, Held{Name: "a", Network: them}, false, "a=/now-a after", "", "", "m has a from the network elsewhere"},
		{"taken over", nil, at("a"), nil, Held{Name: "a", Service: "/their-a", Network: them}, true, "a=/their-a from them elsewhere", "a", "", ""},
		{"taken back", at("a"), at("a"), nil, Held{Name: "a", Service: "/their-a", Network: them}, true, "a=/their-a from them elsewhere", "a", "", ""},
		{"nobody's, taken over", nil, at("a"), nil, Held{Name: "a", Answer: Answer{Package: "/profile"}}, true, "a=/profile from ", "a", "", ""},
		{"not to be there", nil, nil, nil, Held{Name: "a", Network: them}, true, "", "", "", ""},
	} {
		owner := Owner{
			ID: "us", TakeOver: c.takeOver, Earlier: func(string) []On { return []On{{}, {"m": c.earlier}} },
			From: func(held Held, once Deployed) bool { return held.Answer.Package == "profile of "+once.Package },
		}
		s := owner.Settle(On{"m": c.deployed}, On{"m": c.after}, map[string][]Held{"m": {c.held}})
		var got []string
		for _, name := range slices.Sorted(maps.Keys(s.Deployed["m"])) {
			one := s.Deployed["m"][name]
			text := name + "=" + one.Package
			if one.After != nil {
				text += " after"
			}
			if one.Taken {
				text += " from " + one.Owner
			}
			got = append(got, text)
		}
		var lost, found string
		for place := range s.Found {
			found += place.Process
		}
		for place, owner := range s.Lost {
			lost += place.Process + ": " + owner
		}
		bad := strings.Join(s.Conflicts, ", ")
		if have := strings.Join(got, ", "); have != c.want || found != c.found || lost != c.lost || !strings.HasPrefix(bad, c.bad) || (bad == "") != (c.bad == "") {
			t.Errorf("%s: %q, found %q, lost %q, conflicts %q", c.what, have, found, lost, bad)
		}
	}
}
