package render

import (
	"encoding/json"
	"strings"
	"testing"

	"nixproc/lib/model"
)

func supervisordModel(t *testing.T, spec supervisordSpec, more ...model.Process) model.Model {
	t.Helper()
	parameters, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(spec.Settings)
	if err != nil {
		t.Fatal(err)
	}
	p := model.Process{Attribute: "a", Name: "a", Schema: model.Schema, Manager: "supervisord", Settings: "s", Parameters: parameters}
	for _, other := range more {
		p.Dependencies = append(p.Dependencies, other.Name)
	}
	return model.Model{
		Schema: model.Schema, Manager: "supervisord", Processes: append(more, p),
		Settings: map[string]json.RawMessage{"s": settings},
	}
}

func mustRender(t *testing.T, m model.Model) *Profile {
	t.Helper()
	profile, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

func TestSupervisordText(t *testing.T) {
	t.Parallel()
	spec := supervisordSpec{
		Settings: supervisordSettings{BasePackages: []string{"/base"}}, Path: []string{"/one"},
		Command: "sleep 'a\nb'", Environment: map[string]string{"B": "50%", "A": "x;y"},
		Properties: map[string]string{"umask": "027", "autorestart": "true"},
	}
	other := model.Process{Attribute: "z", Name: "z", Schema: model.Schema, Manager: "supervisord", Settings: "s", Parameters: json.RawMessage(`{"command":"x"}`)}
	profile := mustRender(t, supervisordModel(t, spec, other))
	want := "[program:a]\ncommand=sleep 'a\n b'\npriority=2\n" +
		`environment=A="x%(program_name).0s;y",B="50%%",PATH="/base/bin:/one/bin"` + "\nautorestart=true\numask=027\n"
	if got := string(profile.Files["conf.d/a.conf"].Content); got != want {
		t.Errorf("the file says\n%s\nwant\n%s", got, want)
	}
	if profile.Common["supervisord.conf"].Content == nil || len(profile.Files) != 2 {
		t.Errorf("files: %v, common: %v", profile.Files, profile.Common)
	}
}

// D26: neither the order nor our own wrapper restarts anything; what the process
// gets does.
func TestSupervisordKey(t *testing.T) {
	t.Parallel()
	base := func() supervisordSpec {
		return supervisordSpec{
			Settings:   supervisordSettings{Wrapper: []string{"/bin/sh", "/store/proxy-1"}},
			Command:    "/bin/sh /store/proxy-1 -p /run/a.pid -- /bin/a",
			Properties: map[string]string{"umask": "022"}, Environment: map[string]string{"A": "1"},
		}
	}
	key := func(change func(*supervisordSpec), more ...model.Process) string {
		spec := base()
		if change != nil {
			change(&spec)
		}
		for _, process := range mustRender(t, supervisordModel(t, spec, more...)).Manifest.Processes {
			if process.Name == "a" {
				return process.Key
			}
		}
		t.Fatal("no process a")
		return ""
	}
	usual := key(nil)
	dependency := model.Process{Attribute: "z", Name: "z", Schema: model.Schema, Manager: "supervisord", Settings: "s", Parameters: json.RawMessage(`{"command":"x"}`)}
	if key(nil, dependency) != usual {
		t.Error("a dependency changes the key")
	}
	for name, change := range map[string]func(*supervisordSpec){
		"wrapper": func(s *supervisordSpec) {
			s.Settings.Wrapper = []string{"/bin/bash", "/store/proxy-2"}
			s.Command = "/bin/bash /store/proxy-2 -p /run/a.pid -- /bin/a"
		},
		"priority": func(s *supervisordSpec) { s.Properties["priority"] = "7" },
	} {
		if key(change) != usual {
			t.Errorf("%s changes the key", name)
		}
	}
	for name, change := range map[string]func(*supervisordSpec){
		"command":       func(s *supervisordSpec) { s.Command += " -D" },
		"environment":   func(s *supervisordSpec) { s.Environment["A"] = "2" },
		"property":      func(s *supervisordSpec) { s.Properties["umask"] = "027" },
		"path":          func(s *supervisordSpec) { s.Path = []string{"/x"} },
		"base packages": func(s *supervisordSpec) { s.Settings.BasePackages = []string{"/x"} },
	} {
		if key(change) == usual {
			t.Errorf("%s does not change the key", name)
		}
	}
}

func TestSupervisordRefuses(t *testing.T) {
	t.Parallel()
	nice := "20"
	spec := supervisordSpec{
		Command: "x", Nice: &nice, Environment: map[string]string{"A B": "", "C": `'"`},
		Properties: map[string]string{"umask": "9", "a=b": "", "directory": "a\rb"},
	}
	_, err := Render(supervisordModel(t, spec))
	if err == nil {
		t.Fatal("it was rendered")
	}
	for _, want := range []string{
		`process 'a': environment: supervisord can't take "A B"`, "process 'a': environment: the value of C", "process 'a': nice:",
		"process 'a': umask:", `process 'a': "a=b" can't be the name`, "process 'a': directory: a configuration file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	for _, name := range []string{"all", "-a", "a*", "a%", "a;b"} {
		m := supervisordModel(t, supervisordSpec{Command: "x"})
		m.Processes[0].Name = name
		if _, err := Render(m); err == nil || !strings.Contains(err.Error(), "supervisorctl can't handle") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
