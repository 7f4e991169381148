package network

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A process on machines with two process managers is two services; who depends on
// it depends on both.
func TestServices(t *testing.T) {
	t.Parallel()
	processes := []Process{{Attribute: "db", After: nil}, {Attribute: "web", After: []string{"db"}}}
	managers := map[string]string{"one": "systemd", "two": "supervisord", "three": "systemd", "none": ""}
	got, err := Services(processes, map[string][]string{"db": {"one", "two", "three"}, "web": {"two"}}, managers)
	want := []Service{
		{Name: "db-supervisord", Machines: []string{"two"}, Process: "db", Manager: "supervisord", After: []string{}},
		{Name: "db-systemd", Machines: []string{"one", "three"}, Process: "db", Manager: "systemd", After: []string{}},
		{Name: "web", Machines: []string{"two"}, Process: "web", Manager: "supervisord", After: []string{"db-supervisord", "db-systemd"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if _, err := Services(processes, map[string][]string{"db": {"none"}}, managers); err == nil || !strings.Contains(err.Error(), "machine 'none' has no process manager") {
		t.Errorf("no manager: %v", err)
	}
	clash := []Process{{Attribute: "db", After: nil}, {Attribute: "db-systemd", After: nil}}
	if _, err := Services(clash, map[string][]string{"db": {"one", "two"}, "db-systemd": {"one"}}, managers); err == nil {
		t.Error("two services have one name")
	}
}

// Names of machines and services may have any characters.
func TestModels(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	m := Models{Framework: "/a folder", ExprFile: `/models/${x}"`, Infrastructure: "/i", ExtraParams: json.RawMessage(`{"a":"${b}"}`),
		Services: []Service{{Name: "a service", Machines: []string{`ma"chine`}}}}
	if err := m.Write(directory); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"services.nix":     `exprFile = /. + "/models/\${x}\"";`,
		"distribution.nix": `"a service" = [ infrastructure."ma\"chine" ];`,
	} {
		if text, err := os.ReadFile(filepath.Join(directory, file)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v\n%s\nlacks %s", file, err, text, want)
		}
	}
}
