package model

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadiness(t *testing.T) {
	for text, want := range map[string]*Readiness{
		``:                                      nil,
		`null`:                                  nil,
		`{"tcp": 8080}`:                         {TCP: "8080", Seconds: 10},
		`{"tcp": "8080", "timeout": 0.5}`:       {TCP: "8080", Seconds: 0.5},
		`{"tcp": "localhost:1"}`:                {TCP: "localhost:1", Seconds: 10},
		`{"tcp": "[::1]:65535", "timeout": 60}`: {TCP: "[::1]:65535", Seconds: 60},
		`{"http": "http://localhost:8080/x?y"}`: {HTTP: "http://localhost:8080/x?y", Seconds: 10},
		`{"http": "http://[::1]/"}`:             {HTTP: "http://[::1]/", Seconds: 10},
		`{"command": ["/bin/test", "", 5]}`:     {Command: []string{"/bin/test", "", "5"}, Seconds: 10},
	} {
		got, problems := ParseReadiness(json.RawMessage(text))
		if len(problems) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, problems, want)
		}
	}
	if got := (Readiness{Seconds: 0.25}).Timeout(); got != 250*time.Millisecond {
		t.Errorf("0.25 s are %s", got)
	}
}

// All that is wrong is told, with the attribute that it is in.
func TestWrongReadiness(t *testing.T) {
	for text, want := range map[string]string{
		`8080`:                                "attribute 'readiness' is a number, where a set is due",
		`{}`:                                  "attribute 'readiness' has neither tcp nor http nor command",
		`{"timeout": 5}`:                      "attribute 'readiness' has neither tcp nor http nor command",
		`{"tcp": 80, "http": "http://a/"}`:    "attribute 'readiness' has http and tcp, where one of them is due",
		`{"tpc": 80, "tcp": 80}`:              "attribute 'readiness.tpc' is unknown: there are tcp, http, command and timeout",
		`{"tcp": null}`:                       `attribute 'readiness.tcp' is null, where a port, or "host:port", is due`,
		`{"tcp": [80]}`:                       `attribute 'readiness.tcp' is a list, where a port, or "host:port", is due`,
		`{"tcp": 0}`:                          `attribute 'readiness.tcp' has "0" for a port, where a number from 1 to 65535 is due`,
		`{"tcp": 65536}`:                      `attribute 'readiness.tcp' has "65536" for a port, where a number from 1 to 65535 is due`,
		`{"tcp": -1}`:                         `attribute 'readiness.tcp' has "-1" for a port, where a number from 1 to 65535 is due`,
		`{"tcp": 80.5}`:                       `attribute 'readiness.tcp' has "80.5" for a port, where a number from 1 to 65535 is due`,
		`{"tcp": "http"}`:                     `attribute 'readiness.tcp' has "http" for a port, where a number from 1 to 65535 is due`,
		`{"tcp": "host:"}`:                    `attribute 'readiness.tcp' has "" for a port, where a number from 1 to 65535 is due`,
		`{"tcp": ":80"}`:                      `attribute 'readiness.tcp' is ":80", where a port, or "host:port", is due`,
		`{"tcp": "::1:80"}`:                   `attribute 'readiness.tcp' is "::1:80", where a port, or "host:port", is due`,
		`{"http": 80}`:                        "attribute 'readiness.http' is a number, where a URL is due",
		`{"http": "localhost"}`:               `attribute 'readiness.http' is "localhost", where a URL that begins with http:// is due`,
		`{"http": "https://localhost/"}`:      `attribute 'readiness.http' is "https://localhost/", where a URL that begins with http:// is due`,
		`{"http": "http://:80/"}`:             `attribute 'readiness.http' is "http://:80/", where a URL that begins with http:// is due`,
		`{"http": "http://a:99999/"}`:         `attribute 'readiness.http' has "99999" for a port, where a number from 1 to 65535 is due`,
		`{"command": "/bin/true"}`:            "attribute 'readiness.command' is a string, where a list is due",
		`{"command": []}`:                     "attribute 'readiness.command' is empty, where a program with its arguments is due",
		`{"command": ["true"]}`:               `attribute 'readiness.command' begins with "true", where the absolute path of a program is due`,
		`{"command": ["/bin/true", true]}`:    "attribute 'readiness.command' has true or false in it, where text is due",
		`{"command": ["/bin/true", {}]}`:      "attribute 'readiness.command' has a set in it, where text is due",
		`{"tcp": 80, "timeout": "5"}`:         "attribute 'readiness.timeout' is a string, where a number of seconds is due",
		`{"tcp": 80, "timeout": 0}`:           "attribute 'readiness.timeout' is 0, where a number of seconds above 0, and at most 86400, is due",
		`{"tcp": 80, "timeout": 86401}`:       "attribute 'readiness.timeout' is 86401, where a number of seconds above 0, and at most 86400, is due",
		`{"tcp": 0, "timeout": -1, "x": [1]}`: "attribute 'readiness.tcp' has \"0\" for a port, where a number from 1 to 65535 is due\nattribute 'readiness.timeout' is -1, where a number of seconds above 0, and at most 86400, is due\nattribute 'readiness.x' is unknown: there are tcp, http, command and timeout",
	} {
		got, problems := ParseReadiness(json.RawMessage(text))
		if err := errors.Join(problems...); got != nil || err == nil || err.Error() != want {
			t.Errorf("%s: %+v,\n%v, want\n%s", text, got, err, want)
		}
	}
	m := parse(t, `{"schema": 1, "manager": "sysvinit", "processes": [
		{"attribute": "one", "schema": 1, "manager": "sysvinit", "name": "a", "readiness": {"tcp": 0, "timeout": 0}},
		{"attribute": "two", "schema": 1, "manager": "sysvinit", "name": "b", "readiness": 1}]}`)
	_, err := m.Validate()
	for _, want := range []string{"process 'one': attribute 'readiness.tcp' ", "process 'one': attribute 'readiness.timeout' ", "process 'two': attribute 'readiness' "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the problems lack %q:\n%v", want, err)
		}
	}
}
