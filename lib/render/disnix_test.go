package render

import (
	"encoding/json"
	"strings"
	"testing"

	"nixproc/lib/model"
)

func disnixModel(processes ...model.Process) model.Model {
	for i := range processes {
		p := &processes[i]
		p.Schema, p.Manager = model.Schema, "disnix"
		if p.Attribute == "" {
			p.Attribute = p.Name
		}
		if p.Parameters == nil {
			p.Parameters = json.RawMessage(`{}`)
		}
	}
	return model.Model{Schema: model.Schema, Manager: "disnix", Processes: processes}
}

// The key of a service changes with its package and with those of all that it
// depends on, and with nothing else.
func TestDisnixKeys(t *testing.T) {
	t.Parallel()
	keys := func(basePackage string, dependencies ...string) map[string]string {
		m := disnixModel(
			model.Process{Name: "top", Tree: "/store/top", Dependencies: []string{"middle"}},
			model.Process{Name: "middle", Tree: "/store/middle", Dependencies: append([]string{"base"}, dependencies...)},
			model.Process{Name: "base", Tree: basePackage},
			model.Process{Name: "other", Tree: "/store/other"},
		)
		profile, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, merge := range profile.Merges {
			var unit struct{ Service string }
			if err := json.Unmarshal(merge.Entry.Unit, &unit); err != nil {
				t.Fatal(err)
			}
			found[merge.Process] = unit.Service
		}
		return found
	}
	before, after := keys("/store/base"), keys("/store/base2")
	for _, name := range []string{"top", "middle", "base"} {
		if before[name] == after[name] || len(before[name]) != 64 {
			t.Errorf("the key of %s is %s, then %s", name, before[name], after[name])
		}
	}
	if before["other"] != after["other"] {
		t.Error("the key of another service changed")
	}
	// What is not in the model is nothing that Disnix could wait for.
	if more := keys("/store/base", "elsewhere", "base"); more["top"] != before["top"] {
		t.Error("a dependency that is not in the model changed a key")
	}
}

func TestDisnixRefusals(t *testing.T) {
	t.Parallel()
	_, err := Render(disnixModel(
		model.Process{Name: "a", Attribute: "a\x01", Tree: "/store/a"},
		model.Process{Name: "b", Tree: "/store/b", Parameters: json.RawMessage(`{"pidFile": "b.pid"}`)},
		model.Process{Name: "c", Tree: "/store/c", Parameters: json.RawMessage(`{"pidFile": "/c.pid"}`)},
		model.Process{Name: "d", Tree: "/store/d", Parameters: json.RawMessage(`{"pidFile": "/c.pid"}`)},
		model.Process{Name: "e", Tree: "/store/e", Credentials: &model.Credentials{Users: map[string]map[string]string{"a/b": {}}}},
	))
	if err == nil {
		t.Fatal("nothing is refused")
	}
	for _, want := range []string{
		`process 'a` + "\x01" + `': the name of its attribute, "a\x01",`,
		`process 'b': pidFile: "b.pid" is no absolute path`,
		`process 'd': it has the pid file of the process 'c', /c.pid`,
		`process 'e': `,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}
