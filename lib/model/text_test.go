package model

import (
	"strings"
	"testing"
)

// Text that is not UTF-8 is refused by the name of its attribute; the other
// processes are as they were.
func TestTextThatIsNotUTF8(t *testing.T) {
	const prefix = `{"schema": 1, "manager": "sysvinit", "processes": [{"attribute": "good", "schema": 1, "manager": "sysvinit", "name": "good"}, {"attribute": "bad", `
	for text, want := range map[string]string{
		`"parameters": {"args": ["a", "` + "\xff" + `"]}`:                    "process 'bad' has text in its attribute 'args' that is not UTF-8",
		`"parameters": {"environment": {"A": "é", "B": "` + "\xff" + `"}}`:   "process 'bad' has text in its attribute 'environment.B' that is not UTF-8",
		`"parameters": {"environment": {"` + "\xff" + `": "x"}}`:             "process 'bad' has text in its attribute 'environment' that is not UTF-8",
		`"attributes": {"dnsName": "` + "\xc3\x28" + `"}`:                    "process 'bad' has text in its attribute 'dnsName' that is not UTF-8",
		`"name": "` + "\xff" + `"`:                                           "process 'bad' has text in its attribute 'name' that is not UTF-8",
		`"credentials": {"users": {"u": {"description": "` + "\xe9" + `"}}}`: "process 'bad' has text in its attribute 'credentials.users.u.description' that is not UTF-8",
	} {
		m := parse(t, prefix+text+`}]}`)
		if _, err := m.Validate(); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
		if sound := m.Sound(); len(sound.Processes) != 1 || sound.Processes[0].Name != "good" {
			t.Errorf("%q: sound are %+v", text, sound.Processes)
		}
	}
	if _, err := Parse([]byte(`{"parameters": {"stateDir": "` + "\xff" + `"}}`)); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
		t.Errorf("a directory: got %v", err)
	}
}

func TestSound(t *testing.T) {
	m := parse(t, `{"schema": 1, "manager": "sysvinit", "processes": [
		{"attribute": "nothing", "problem": "has no attribute 'pkg'"},
		{"attribute": "slash", "schema": 1, "manager": "sysvinit", "name": "a/b"},
		{"attribute": "other", "schema": 1, "manager": "systemd", "name": "other"},
		{"attribute": "new", "schema": 9, "manager": "sysvinit", "name": "new"},
		{"attribute": "foreign", "foreign": true, "name": "foreign"},
		{"attribute": "good", "schema": 1, "manager": "sysvinit", "name": "good"}
	]}`)
	var names []string
	for _, p := range m.Sound().Processes {
		names = append(names, p.Name)
	}
	if strings.Join(names, " ") != "foreign good" {
		t.Errorf("sound are %q", names)
	}
	if len(m.Processes) != 6 {
		t.Error("the model itself was changed")
	}
}
