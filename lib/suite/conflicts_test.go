package suite

import (
	"encoding/json"
	"slices"
	"testing"

	"nixproc/lib/model"
	"nixproc/lib/testmachine"
)

func TestConflicts(t *testing.T) {
	process := func(name string, attributes map[string]json.RawMessage, uid, gid string) model.Process {
		return model.Process{Attribute: name, Attributes: attributes, Credentials: &model.Credentials{
			Users:  map[string]map[string]string{name: {"uid": uid}},
			Groups: map[string]map[string]string{name: {"gid": gid}},
		}}
	}
	type attributes = map[string]json.RawMessage
	number := func(text string) json.RawMessage { return json.RawMessage(text) }
	v := &Variant{Manager: "supervisord", Host: &Host{Port: 9001}}
	for _, c := range []struct {
		what      string
		processes []model.Process
		want      []string
	}{
		{"none", []model.Process{process("a", attributes{"port": number("80")}, "1", ""), process("b", attributes{"port": number("81")}, "2", "")}, nil},
		{"no number, no port", []model.Process{process("a", attributes{"port": number("0"), "ports": number("[80]")}, "", ""), process("b", attributes{"port": number(`"80"`), "ports": number("[80]")}, "", "")}, nil},
		{"ports", []model.Process{process("a", attributes{"port": number("80")}, "", ""), process("b", attributes{"adminPort": number("80")}, "", "")}, []string{"port 80 is wanted by process 'a' (port) and process 'b' (adminPort)"}},
		{"two of one", []model.Process{process("a", attributes{"port": number("80"), "adminPort": number("80")}, "", "")}, []string{"port 80 is wanted by process 'a' (adminPort) and process 'a' (port)"}},
		{"the manager's", []model.Process{process("a", attributes{"port": number("9001")}, "", "")}, []string{"port 9001 is wanted by process 'a' (port) and supervisord itself"}},
		{"ids", []model.Process{process("a", nil, "7", "7"), process("b", nil, "7", "7")}, []string{"uid 7 is wanted by 'a' and 'b'", "gid 7 is wanted by 'a' and 'b'"}},
		{"one account of two", []model.Process{process("a", nil, "7", "7"), process("a", nil, "7", "7")}, nil},
	} {
		if got := v.Conflicts(model.Model{Processes: c.processes}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// Only the process that was to be replaced may be another one after an upgrade, and it
// has to be.
func TestDifferences(t *testing.T) {
	before := map[string]running{"kept": {1, "10"}, "changed": {2, "10"}}
	for _, c := range []struct {
		now  map[string]running
		want string
	}{
		{map[string]running{"kept": {1, "10"}, "changed": {3, "20"}}, ""},
		{map[string]running{"kept": {1, "10"}, "changed": {2, "20"}}, ""},
		{map[string]running{"kept": {1, "10"}, "changed": {2, "10"}}, "changed is still process 2 after it, though it was to be replaced"},
		{map[string]running{"kept": {1, "20"}, "changed": {3, "20"}}, "kept was process 1 and is process 1 after it, though nothing of it had changed"},
		{map[string]running{"changed": {3, "20"}}, "kept does not run after it; it was process 1"},
	} {
		got := ""
		if err := differences("it", before, c.now, "changed"); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.now, got, c.want)
		}
	}
}

func TestMore(t *testing.T) {
	before := []testmachine.Process{{PID: 2, Command: "supervisord"}, {PID: 3, Command: "sh"}}
	now := []testmachine.Process{
		{PID: 9, Command: "supervisord"}, {PID: 3, Command: "sh"}, {PID: 4, Command: "sh"}, {PID: 5, Command: "leaked"},
		{PID: 6, Command: "s6-supervise s6rc-oneshot-runner"}, {PID: 7, Command: "s6-supervise web"},
	}
	var left []int
	for _, p := range more(before, now) {
		left = append(left, p.PID)
	}
	if want := []int{4, 5, 7}; !slices.Equal(left, want) {
		t.Errorf("%v are left, want %v", left, want)
	}
}
