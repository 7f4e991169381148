package render

import (
	"encoding/json"
	"strings"
	"testing"

	"nixproc/lib/manager/s6rc"
	"nixproc/lib/model"
)

const s6rcWords = `{"words":{"execlineb":"/el/bin/execlineb","fdmove":"/el/bin/fdmove","shell":"/bin/sh","if_":"/el/bin/if"}}`

func s6rcProcess(t *testing.T, name string, spec s6rcSpec, dependencies ...string) model.Process {
	t.Helper()
	parameters, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return model.Process{Attribute: name, Name: name, Schema: model.Schema, Manager: "s6-rc", Settings: "s", Parameters: parameters, Dependencies: dependencies}
}

func s6rcModel(processes ...model.Process) model.Model {
	return model.Model{Schema: model.Schema, Manager: "s6-rc", Processes: processes, Settings: map[string]json.RawMessage{"s": json.RawMessage(s6rcWords)}}
}

// logged is a longrun with its log service.
func logged(name, run string, requires ...string) s6rcSpec {
	return s6rcSpec{
		Main: name + "-srv", Requires: requires, Log: "/log/" + name + "/current",
		Services: map[string]map[string]s6rcFile{
			name + "-srv": {"type": {Text: "longrun\n"}, "run": {Text: run}, "producer-for": {Text: name + "-log\n"}},
			name + "-log": {"type": {Text: "longrun\n"}, "run": {Text: "#!/bin/sh\n"}, "consumer-for": {Text: name + "-srv\n"}, "pipeline-name": {Text: name + "\n"}},
		},
	}
}

func TestS6rcFiles(t *testing.T) {
	t.Parallel()
	once := s6rcSpec{Main: "once", Requires: []string{"a-srv", "outside-srv"}, Services: map[string]map[string]s6rcFile{
		"once": {"type": {Text: "oneshot\n"}, "up": {Text: "true\n"}, "down": {Link: "/store/down"}},
	}}
	group := s6rcSpec{Main: "group", Contents: []string{"a-srv", "once"}, Services: map[string]map[string]s6rcFile{"group": {"type": {Text: "bundle\n"}}}}
	teller := s6rcSpec{Main: "teller", Services: map[string]map[string]s6rcFile{"teller": {"type": {Text: "longrun\n"}, "run": {Text: "x"}, "producer-for": {Text: "reader\n"}}}}
	reader := s6rcSpec{Main: "reader", Services: map[string]map[string]s6rcFile{"reader": {"type": {Text: "longrun\n"}, "run": {Text: "x"}, "consumer-for": {Text: "teller\n"}}}}
	m := s6rcModel(s6rcProcess(t, "a", logged("a", "run\n")), s6rcProcess(t, "once", once, "a", "outside"), s6rcProcess(t, "group", group),
		s6rcProcess(t, "teller", teller), s6rcProcess(t, "reader", reader))
	m.External = []model.External{{Name: "outside"}}
	profile := mustRender(t, m)
	for file, want := range map[string]string{
		"a-srv/run": "run\n", "a-log/pipeline-name": "a\n", "once/up": "true\n", "once/dependencies": "a-srv\n",
		"group/type": "bundle\n", "group/contents": "a-srv\nonce\n",
	} {
		if got := string(profile.Files["etc/s6/sv/"+file].Content); got != want {
			t.Errorf("%s says %q, want %q", file, got, want)
		}
	}
	if got := string(profile.Common["etc/s6/sv/default/contents"].Content); got != "a\ngroup\nonce\nreader\nteller\n" {
		t.Errorf("the bundle has %q", got)
	}
	if profile.Files["etc/s6/sv/once/down"].Link != "/store/down" {
		t.Error("the path of somebody else's file is no link")
	}
	// The manager restarts what stands on others along with them.
	needs := map[string]string{}
	for _, process := range profile.Manifest.Processes {
		var unit s6rc.Unit
		if err := json.Unmarshal(process.Unit, &unit); err != nil {
			t.Fatal(err)
		}
		needs[process.Name] = strings.Join(unit.Needs, " ")
	}
	if needs["a"] != "" || needs["group"] != "a once" || needs["teller"] != "reader" {
		t.Errorf("the processes need %q", needs)
	}
	m.DefaultBundleName = "everything"
	if mustRender(t, m).Common["etc/s6/sv/everything/type"].Content == nil {
		t.Error("the bundle has not the name that was asked for")
	}
}

// Dependencies, and another version of what runs before the process, restart
// nothing; what the process is does.
func TestS6rcKey(t *testing.T) {
	t.Parallel()
	const run = "#!/el/bin/execlineb -P\n/el/bin/fdmove -c 2 1\n/el/bin/if { /bin/sh -e -c \"x\" }\n\"/bin/sh\" \"/el/bin/fdmove -c\"\n"
	key := func(words string, spec s6rcSpec, more ...model.Process) string {
		m := s6rcModel(append(more, s6rcProcess(t, "a", spec))...)
		m.Settings["s"] = json.RawMessage(words)
		for _, process := range mustRender(t, m).Manifest.Processes {
			if process.Name == "a" {
				return process.Key
			}
		}
		t.Fatal("no process a")
		return ""
	}
	usual := key(s6rcWords, logged("a", run))
	newer := func(text string) string {
		return strings.NewReplacer("#!/el/", "#!/el2/", "\n/el/", "\n/el2/", "{ /bin/sh", "{ /bin/bash").Replace(text)
	}
	if key(strings.NewReplacer("/el/", "/el2/", "/bin/sh", "/bin/bash").Replace(s6rcWords), logged("a", newer(run))) != usual {
		t.Error("another execline changes the key")
	}
	if key(s6rcWords, logged("a", run, "b-srv"), s6rcProcess(t, "b", logged("b", run))) != usual {
		t.Error("a dependency changes the key")
	}
	timed := logged("a", run)
	timed.Services["a-srv"]["timeout-kill"] = s6rcFile{Text: "5\n"}
	elsewhere := logged("a", run)
	elsewhere.Services["a-log"]["run"] = s6rcFile{Text: "s6-log /elsewhere\n"}
	for what, spec := range map[string]s6rcSpec{
		"the program":   logged("a", strings.Replace(run, `"/bin/sh"`, `"/bin/bash"`, 1)),
		"an argument":   logged("a", strings.Replace(run, "/el/bin/fdmove -c\"", "/el2/bin/fdmove -c\"", 1)),
		"a property":    timed,
		"a log service": elsewhere,
	} {
		if key(s6rcWords, spec) == usual {
			t.Errorf("%s does not change the key", what)
		}
	}
}

// What s6-rc-compile would refuse, or take for something else, is refused with
// the name of the process.
func TestS6rcRefuses(t *testing.T) {
	t.Parallel()
	simple := func(name string) s6rcSpec {
		return s6rcSpec{Main: name, Services: map[string]map[string]s6rcFile{name: {"type": {Text: "oneshot\n"}, "up": {Text: "true"}}}}
	}
	for _, name := range []string{".a", "#a", " a", "a ", "s6-rc-a", "default", "-a"} {
		if _, err := Render(s6rcModel(s6rcProcess(t, name, simple(name)))); err == nil || !strings.Contains(err.Error(), "process '"+name+"'") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "ab", "a b", "ä.1"} {
		if _, err := Render(s6rcModel(s6rcProcess(t, name, simple(name)))); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	empty := simple("a")
	empty.Services["a"]["up"] = s6rcFile{Text: " \n"}
	wanting := simple("b")
	wanting.Contents = []string{"nobody"}
	_, err := Render(s6rcModel(s6rcProcess(t, "a", empty), s6rcProcess(t, "b", wanting), s6rcProcess(t, "b-srv", logged("b", "x"))))
	for _, want := range []string{"process 'a': up: it is empty", `process 'b': contents: there is no service "nobody"`, `more than one process makes a service "b"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}
