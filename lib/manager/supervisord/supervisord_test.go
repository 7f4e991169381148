package supervisord

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager"
)

// fake is a supervisord that knows the programs that were added to it. It
// refuses what supervisord would refuse, and writes down what it is told.
type fake struct {
	t      *testing.T
	states map[string]string
	after  map[string]string // state of a program once it was added
	calls  []string
	slow   int    // how many questions later what is stopped has ended
	stays  string // a program that can't be stopped
	pid    int
	// program is the number of each program's process.
	program int
}

// manager of which the fake is the supervisord.
func (f *fake) manager(t *testing.T) Manager {
	t.Helper()
	f.t = t
	listening := httptest.NewServer(f)
	t.Cleanup(listening.Close)
	dir := t.TempDir()
	text := "[unix_http_server]\nfile=%(here)s/s\n[supervisorctl] ; where\nserverurl = " + listening.URL + " ; it is\nusername=me\npassword=a%%b\n[include]\nfiles=x\n"
	if err := os.WriteFile(filepath.Join(dir, "supervisord.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Manager{ConfDir: dir}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); user != "me" || password != "a%b" || r.URL.Path != "/RPC2" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var call struct {
		Method string  `xml:"methodName"`
		Params []value `xml:"params>param>value"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&call); err != nil {
		f.t.Error(err)
	}
	var params []any
	for _, param := range call.Params {
		params = append(params, param.plain())
	}
	result, refusal := f.answer(call.Method, params)
	if call.Method == "system.multicall" {
		var results []any
		for _, one := range params[0].([]any) {
			fields := one.(map[string]any)
			result, refusal := f.answer(fields["methodName"].(string), fields["params"].([]any))
			if refusal != "" {
				result = map[string]any{"faultCode": codeOf(refusal), "faultString": refusal}
			}
			results = append(results, result)
		}
		result, refusal = results, ""
	}
	var body bytes.Buffer
	if refusal != "" {
		write(&body, map[string]any{"faultCode": codeOf(refusal), "faultString": refusal})
		fmt.Fprintf(w, "<methodResponse><fault>%s</fault></methodResponse>", &body)
		return
	}
	write(&body, result)
	fmt.Fprintf(w, "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n%s\n</param></params></methodResponse>", &body)
}

func codeOf(refusal string) int {
	if strings.HasPrefix(refusal, "NOT_RUNNING") {
		return 70
	}
	return 30
}

func (f *fake) answer(method string, params []any) (result any, refusal string) {
	name := ""
	if len(params) > 0 {
		name, _ = params[0].(string)
	}
	switch verb := strings.TrimPrefix(method, "supervisor."); verb {
	case "system.multicall":
		return nil, ""
	case "getAllProcessInfo":
		var all []any
		for name, state := range f.states {
			group, name, isGroup := strings.Cut(name, ":")
			if !isGroup {
				name = group
			}
			if state == "STOPPING" {
				if f.slow--; f.slow < 0 {
					state = "STOPPED"
					f.states[name] = state
				}
			}
			all = append(all, map[string]any{"name": name, "group": group, "statename": state, "pid": max(1, f.program), "description": "as it is"})
		}
		return all, ""
	case "stopProcess":
		group, _, _ := strings.Cut(name, ":")
		f.calls = append(f.calls, "stop "+name)
		if params[1] != false {
			f.t.Error("supervisord is told to wait")
		}
		if group == f.stays {
			return nil, "FAILED: " + name
		}
		if f.states[group] == "BACKOFF" {
			f.states[group] = "FATAL" // just now
		}
		if f.states[group] != "RUNNING" {
			return nil, "NOT_RUNNING: " + name
		}
		f.states[group] = "STOPPING"
	case "removeProcessGroup":
		f.calls = append(f.calls, "remove "+name)
		if state := f.states[name]; state == "RUNNING" || state == "STOPPING" {
			return nil, "STILL_RUNNING: " + name
		}
		delete(f.states, name)
	case "addProcessGroup":
		f.calls = append(f.calls, "add "+name)
		if f.states[name] != "" {
			return nil, "ALREADY_ADDED: " + name
		}
		if f.states[name] = "RUNNING"; f.after[name] != "" {
			f.states[name] = f.after[name]
		}
	case "getPID":
		return f.pid, ""
	case "readProcessStderrLog", "readProcessStdoutLog":
		return "last <words>\n", ""
	case "reloadConfig":
		f.calls = append(f.calls, "reread")
		return []any{[]any{[]any{}, []any{}, []any{}}}, ""
	default:
		f.t.Errorf("unexpected call of %s", method)
	}
	return true, ""
}

func units(names ...string) []manager.Unit {
	var all []manager.Unit
	for i, name := range names {
		for part := range strings.SplitSeq(name, ",") {
			all = append(all, manager.Unit{Name: part, Rank: i, Wanted: true, Own: Unit{}})
		}
	}
	return all
}

// D25: dependencies run before what needs them starts.
func TestStartAndStopByLevels(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{"c": "FATAL", "else": "RUNNING"}, slow: 3}
	m := f.manager(t)
	if failed := m.StartAll(t.Context(), units("a,b", "c")); len(failed) > 0 {
		t.Fatal(failed)
	}
	down := units("a,b", "c")
	slices.Reverse(down)
	if failed := m.StopAll(t.Context(), down); len(failed) > 0 {
		t.Fatal(failed)
	}
	want := []string{"reread", "add a", "add b", "remove c", "add c", "stop c:c", "remove c"}
	last := f.calls[max(0, len(f.calls)-2):]
	slices.Sort(last)
	if !slices.Equal(f.calls[:len(want)], want) || !slices.Equal(last, []string{"remove a", "remove b"}) || len(f.states) != 1 {
		t.Errorf("calls %q, left %v", f.calls, f.states)
	}
}

// What ended in the meantime is stopped; what supervisord can't stop is named,
// and neither waited for nor removed.
func TestStopThatFails(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{"a": "RUNNING", "b": "BACKOFF"}}
	if failed := f.manager(t).StopAll(t.Context(), units("a,b")); len(failed) > 0 || len(f.states) > 0 {
		t.Errorf("%v, %v", failed, f.states)
	}
	f = &fake{states: map[string]string{"a": "RUNNING", "b": "RUNNING"}, stays: "b"}
	failed := f.manager(t).StopAll(t.Context(), units("a,b"))
	if err := failed["b"]; len(failed) != 1 || err == nil || !strings.Contains(err.Error(), "can't stop it: FAILED: b:b") || f.states["b"] != "RUNNING" {
		t.Errorf("%v, %v", failed, f.states)
	}
}

func TestStartThatFails(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{}, after: map[string]string{"a": "BACKOFF"}}
	failed := f.manager(t).StartAll(t.Context(), units("a,b", "c"))
	if len(failed) != 2 || failed["c"] == nil || f.states["c"] != "" {
		t.Errorf("%v, %v", failed, f.states)
	}
	if err := failed["a"]; err == nil || !strings.Contains(err.Error(), "BACKOFF") || !strings.Contains(err.Error(), "last <words>") {
		t.Error(err)
	}
}

func TestLastWords(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{"a": "EXITED"}}
	m := f.manager(t)
	if got := m.LastWords(t.Context(), manager.Unit{Name: "a"}); got != "; the end of its stderr:\n  last <words>; the end of its stdout:\n  last <words>" {
		t.Errorf("%q", got)
	}
	if got := m.LastWords(t.Context(), manager.Unit{Name: "unknown"}); got != "" {
		t.Errorf("%q of a program that supervisord does not have", got)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{"a": "RUNNING", "b": "EXITED", "c": "EXITED", "d": "BACKOFF", "g:one": "RUNNING", "g:two": "FATAL", "s": "STOPPED"}}
	all := units("a,b,c,d,g,s,none")
	all[2].Own = Unit{MayEnd: true}
	all[5].Own = Unit{NoAutostart: true}
	states, err := f.manager(t).Status(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]manager.Condition{
		"a": manager.Running, "b": manager.Stopped, "c": manager.Unknown, "d": manager.Stopped,
		"g": manager.Stopped, "s": manager.Unknown, "none": manager.Stopped,
	} {
		if got := states[name].Condition; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, err := (Manager{}).Status(t.Context(), all); err == nil || !strings.Contains(err.Error(), "SUPERVISORD_CONF_DIR") {
		t.Error(err)
	}
}

// Where supervisord is, whatever the working directory (D25), and what it says of
// that.
func TestAddress(t *testing.T) {
	t.Setenv("NIXPROC_TEST_PORT", "80")
	for text, want := range map[string]string{
		"[supervisorctl]\nserverurl=unix://%(here)s/s\n":                       "",
		"[supervisorctl]\nserverurl = http://h:%(ENV_NIXPROC_TEST_PORT)s #x\n": "http://h:80/RPC2",
		"[supervisorctl]\n[x]\nserverurl=http://x\n":                           "http://localhost:9001/RPC2",
		"[x]\nserverurl=http://x\n":                                            "has no section [supervisorctl]",
		"[supervisorctl]\nserverurl=ftp://x\n":                                 "neither http",
		"[supervisorctl]\nserverurl=http://%(x)s\n":                            `nothing is known for "%(x)s"`,
	} {
		m := Manager{ConfDir: filepath.Join(t.TempDir(), "a dir")}
		if s, err := m.connect(); err != nil || s.url != "http://localhost:9001/RPC2" {
			t.Errorf("without a file: %v, %v", s, err)
		}
		if err := os.Mkdir(m.ConfDir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m.ConfDir, "supervisord.conf"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := m.connect()
		switch {
		case err != nil:
			if want == "" || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", text, err)
			}
		case want == "":
			if _, err := s.processes(t.Context()); err == nil || !strings.Contains(err.Error(), "dial unix "+m.ConfDir+"/s") {
				t.Errorf("%q: %v", text, err)
			}
		case s.url != want:
			t.Errorf("%q: %s, want %s", text, s.url, want)
		}
	}
	wrong := (&fake{}).manager(t)
	content := strings.Replace(read(t, wrong.config()), "username", "name", 1)
	if err := os.WriteFile(wrong.config(), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Status(t.Context(), units("a")); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("without a name: %v", err)
	}
}

// An answer of supervisord 4.2, in which a program's words have characters that
// XML has not.
func TestAnswer(t *testing.T) {
	t.Parallel()
	const said = `<?xml version='1.0'?>
<methodResponse><params><param><value><array><data>
<value><string>a &lt;b&gt; ` + "\x1b[0m \xff" + `</string></value><value><int>7</int></value><value><boolean>1</boolean></value>
<value><struct><member><name>n</name><value>bare</value></member></struct></value>
</data></array></value></param></params></methodResponse>`
	got, err := answer([]byte(said))
	if want := `[a <b> ?[0m ? 7 true map[n:bare]]`; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v, want %s", got, err, want)
	}
	const refused = `<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>92</int></value></member>` +
		`<member><name>faultString</name><value><string>CANT_REREAD: x</string></value></member></struct></value></fault></methodResponse>`
	_, err = answer([]byte(refused))
	if refusal, ok := errors.AsType[*fault](err); !ok || refusal.code != 92 || refusal.text != "CANT_REREAD: x" {
		t.Error(err)
	}
	for _, wrong := range []string{"", "<html>", "<methodResponse></methodResponse>"} {
		if got, err := answer([]byte(wrong)); err == nil {
			t.Errorf("%q: %v", wrong, got)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// What the framework before this left: a file for each program, with its
// priority, and perhaps a group.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	for name, text := range map[string]string{
		"a.conf": "[program:a]\ncommand=x\npriority=3\nstartsecs=0\nautorestart=false\n",
		"g.conf": "[group:g]\nprograms=one, two\n[program:one]\ncommand=x\n[program:two]\ncommand=y\n",
		"note":   "[program:no]\n",
	} {
		if err := os.MkdirAll(filepath.Join(tree, "conf.d"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, "conf.d", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Manager{}.Units(tree)
	if err != nil || len(found) != 2 || found[0].Name != "a" || found[1].Name != "g" {
		t.Fatalf("%v, %v", found, err)
	}
	if found[0].Rank != 2 || !found[0].Own.(Unit).MayEnd || found[0].File != filepath.Join(tree, "conf.d/a.conf") {
		t.Errorf("%+v", found[0])
	}
	before := found[0].Key
	if err := os.WriteFile(found[0].File, []byte("[program:a]\ncommand=x\npriority=4\nstartsecs=0\nautorestart=false\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found, err = (Manager{}).Units(tree); err != nil || found[0].Key != before {
		t.Errorf("the priority is part of the key: %v", err)
	}
}

// What supervisord repeats of a setting may be values of variables.
func TestRepeatedSettings(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"CANT_REREAD: Unexpected end of key/value pairs in value 'A=\"it's secret,B' in section 'program:a'": "CANT_REREAD: Unexpected end of key/value pairs in value '***'",
		`CANT_REREAD: Format string 'A="%(secret)"' for 'program:a.environment' is badly formatted: x`:       `CANT_REREAD: Format string '***' for 'program:a.environment' is badly formatted: x`,
		"SPAWN_ERROR: a": "SPAWN_ERROR: a",
	} {
		if got := faultIn(map[string]any{"faultCode": 1, "faultString": said}); got == nil || !strings.HasPrefix(got.Error(), want) || strings.Contains(got.Error(), "secret") {
			t.Errorf("%q becomes %v, want %q", said, got, want)
		}
	}
}
