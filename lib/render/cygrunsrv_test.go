package render

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"nixproc/lib/model"
)

func cygrunsrvModel(t testing.TB, parameters string, dependencies ...string) model.Model {
	t.Helper()
	usual := `{"displayName": "nix-process-a", "path": "/bin/a", "type": "auto", "terminateSignal": "TERM"}`
	var merged map[string]any
	for _, text := range []string{usual, parameters} {
		if err := json.Unmarshal([]byte(text), &merged); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		t.Fatal(err)
	}
	p := model.Process{Attribute: "a", Name: "a", Schema: model.Schema, Manager: "cygrunsrv", Settings: "s", Parameters: raw, Dependencies: dependencies}
	return model.Model{
		Schema: model.Schema, Manager: "cygrunsrv", Processes: []model.Process{p},
		Settings: map[string]json.RawMessage{"s": json.RawMessage(`{"prefix": "nix-process-"}`)},
	}
}

func TestCygrunsrvText(t *testing.T) {
	t.Parallel()
	m := cygrunsrvModel(t, `{"args": ["-x", "a b", "it's", ""], "environment": {"B": "'q'", "A": ""}, "type": "manual", "user": "u", "password": "p",
		"stdin": "/i", "stdout": "/o", "stderr": "/e", "terminateSignal": "INT", "terminateOnShutdown": true}`, "elsewhere")
	m.External = []model.External{{Name: "elsewhere"}}
	want := []string{
		"--path", "/bin/a", "--disp", "nix-process-a", "--type", "manual", "--args", "-x 'a b' it's ''", "--env", "A=", "--env", "B='q'",
		"--user", "u", "--passwd", "p", "--stdin", "/i", "--stdout", "/o", "--stderr", "/e", "--termsig", "INT", "--shutdown", "--dep", "nix-process-elsewhere",
	}
	profile := mustRender(t, m)
	if got := string(profile.Files["nix-process-a-cygrunsrvparams"].Content); got != strings.Join(want, "\n")+"\n" || len(profile.Files) != 1 {
		t.Errorf("the file says\n%s", got)
	}
	least := string(mustRender(t, cygrunsrvModel(t, `{}`)).Files["nix-process-a-cygrunsrvparams"].Content)
	if least != "--path\n/bin/a\n--disp\nnix-process-a\n" {
		t.Errorf("the least file says\n%s", least)
	}
}

func TestCygrunsrvRefuses(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 256 {
		many[fmt.Sprintf("V%d", i)] = ""
	}
	variables, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for parameters, want := range map[string]string{
		`{"args": ["'\" "]}`:                         "cygrunsrv can't take an argument",
		`{"args": ["a\nb"]}`:                         "args: a params file has one argument a line",
		`{"environment": {"A": "\n"}}`:               "environment: the value of A can't be written: a params file has one argument a line",
		`{"environment": {"A=B": ""}}`:               `"A=B" can't be the name of a variable`,
		`{"environment": ` + string(variables) + `}`: "it has 256 variables, cygrunsrv takes 255",
		`{"path": "a"}`:                              `path: "a" is not an absolute path`,
		`{"type": "later"}`:                          `type: "later" is neither auto nor manual`,
		`{"displayName": "a\u0000"}`:                 "disp: a params file",
	} {
		if _, err := Render(cygrunsrvModel(t, parameters)); err == nil || !strings.Contains(err.Error(), "process 'a': ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", parameters, err, want)
		}
	}
	m := cygrunsrvModel(t, `{}`)
	m.Processes[0].Name = "a b"
	if _, err := Render(m); err == nil || !strings.Contains(err.Error(), `"nix-process-a b" can't be the name of a service`) {
		t.Error(err)
	}
}

// Two proxies with one pid file would end each other's daemon.
func TestProxyPIDFiles(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"/a -p /x": "",
		"/sh /s/1-foreground-proxy -p /x.pid -- /a":       "/x.pid",
		"/sh /s/1-foreground-proxy -i /f -p /x -- /a":     "/x",
		"/sh /s/1-foreground-proxy -i /f -- /a -p /x":     "",
		"/nice -n 5 /sh /s/1-foreground-proxy -p /y -- x": "/y",
	} {
		if got := proxyPIDFile(strings.Fields(words)); got != want {
			t.Errorf("%s: %q, want %q", words, got, want)
		}
	}
	m := cygrunsrvModel(t, `{"args": ["/s/1-foreground-proxy", "-p", "/x.pid", "--", "/a"]}`)
	second := m.Processes[0]
	second.Name, second.Attribute = "b", "b"
	m.Processes = append(m.Processes, second)
	if _, err := Render(m); err == nil || !strings.Contains(err.Error(), "process 'b': it has the pid file /x.pid, which the process 'a' has, too") {
		t.Error(err)
	}
	l := launchdModel(t, `{"Program": "/s/sh", "ProgramArguments": ["/s/sh", "/s/1-foreground-proxy", "-p", "/x.pid", "--", "/a"]}`)
	second = l.Processes[0]
	second.Name, second.Attribute = "b", "b"
	l.Processes = append(l.Processes, second)
	if _, err := Render(l); err == nil || !strings.Contains(err.Error(), "process 'b': it has the pid file /x.pid, which the process 'a' has, too") {
		t.Error(err)
	}
}
