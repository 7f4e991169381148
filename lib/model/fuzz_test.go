package model

import (
	"encoding/json"
	"reflect"
	"testing"
)

// Whatever an evaluation gives, it is an error or a model, all of whose problems
// are told, and which the builder reads as the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"schema": 1, "manager": "sysvinit", "processes": [{"attribute": "a", "schema": 1, "manager": "sysvinit", "name": "a", "dependencies": ["b"]}, {"attribute": "b", "schema": 1, "manager": "sysvinit", "name": "b", "dependencies": ["a"], "floor": -1}]}`,
		`{"schema": 1, "manager": "sysvinit", "processes": [{}, {"problem": "x"}], "external": [{"name": "a", "dependencies": ["a"]}]}`,
		`{"schema": 1, "manager": "sysvinit", "processes": [{"attribute": "a", "schema": 1, "manager": "sysvinit", "name": "a", "readiness": {"tcp": 1e99, "http": "http://[", "command": [null], "timeout": -0}}]}`,
		"", "null", "{}", "[]", "{\"processes\": [null], \"settings\": {\"a\": null}}", "{\"schema\": 1, \"processes\": [{\"attribute\": \"\xff\"}]}", "{\"schema\": 1, \"manager\": \"\xff\"}", "{\"processes\": null, \"Processes\": [{\"name\": \"\xff\"}]}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		_, problems := m.Validate()
		text, err := json.Marshal(m)
		if err != nil {
			return // raw text that is none
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, same := again.Validate(); !reflect.DeepEqual(textOf(problems), textOf(same)) {
			t.Fatalf("%q has the problems\n%v\nand then\n%v", data, problems, same)
		}
	})
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
