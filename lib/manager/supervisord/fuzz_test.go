package supervisord

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"nixproc/lib/manager/managertest"
)

func response(value any) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version='1.0'?><methodResponse><params><param>")
	write(&b, value)
	b.WriteString("</param></params></methodResponse>")
	return b.Bytes()
}

// Whatever supervisord answers, it is an error, or a value that is written and
// read back as the same; and a list of processes has the state of each.
func FuzzAnswer(f *testing.F) {
	f.Add(response([]any{map[string]any{"group": "a", "name": "a", "statename": "RUNNING", "pid": 7}, map[string]any{}}))
	f.Add(response([]any{true, 1, "a<b>\r\n", []any{}}))
	f.Add(response("no list"))
	f.Add([]byte("<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>70</int></value></member></struct></value></fault></methodResponse>"))
	for _, text := range []string{
		"", "<methodResponse/>", "<methodResponse><fault><value/></fault></methodResponse>",
		"<methodResponse><params><param><value><i4>1</i4></value></param></params></methodResponse>",
		"<methodResponse><params><param><value><struct><member><name>&lt;</name><value>\x01</value></member></struct></value></param></params></methodResponse>",
		"<methodResponse><params><param><value><boolean>2</boolean></value></param></params></methodResponse>",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := answer(data)
		if err != nil {
			return
		}
		if again, err := answer(response(value)); err != nil || !reflect.DeepEqual(again, value) {
			t.Fatalf("%#v is read back as %#v (%v)", value, again, err)
		}
		groups, err := processesIn(value)
		if err != nil {
			return
		}
		count := 0
		for name, group := range groups {
			for _, one := range group {
				count++
				if name == "" || one.name == "" || one.state == "" {
					t.Fatalf("%q is %+v in %q", data, one, name)
				}
			}
		}
		if all := value.([]any); count != len(all) {
			t.Fatalf("%d processes of %d", count, len(all))
		}
	})
}

// An answer that was cut off is an error, wherever it was.
func TestAnswerTruncated(t *testing.T) {
	t.Parallel()
	whole := response([]any{map[string]any{"group": "a", "name": "a", "statename": "RUNNING", "pid": 7}})
	for cut := range whole {
		if value, err := answer(whole[:cut]); err == nil {
			t.Errorf("cut at %d: %v", cut, value)
		}
	}
}

// Whatever a configuration holds, reading it ends well, and comments are in
// nobody's name.
func FuzzConfiguration(f *testing.F) {
	for _, text := range []string{
		"[program:a]\ncommand=/a b ; c\npriority=2\n[group:g]\nprograms=a, b\n", "[supervisorctl]\nserverurl = unix://%(here)s/x\nusername: a\n",
		"[program:]\ncommand=a", "[program:a] ; a comment\nstartsecs=x\n", "[", "[]", "=", "[supervisorctl]\nserverurl=%(ENV_NOTHING)s %", "[program:a]\r\nuser=b\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, found := sectionIn(text, "supervisorctl")
		if len(settings) > 0 && !found {
			t.Fatalf("%v is of no section", settings)
		}
		for _, value := range settings {
			if _, err := (Manager{ConfDir: "/etc"}).expand(value); err != nil {
				continue
			}
		}
		_, _ = newServer(settings["serverurl"], settings["username"], settings["password"])
		for _, one := range sections([]byte(text)) {
			if UnitOf("conf.d/a.conf", one.settings); strings.Contains(one.name, " ;") {
				t.Fatalf("a group of %q is called %q", text, one.name)
			}
		}
		if again := withoutPriority(withoutPriority([]byte(text))); !bytes.Equal(again, withoutPriority([]byte(text))) {
			t.Fatalf("%q has a priority", again)
		}
	})
}

func FuzzUnits(f *testing.F) {
	managertest.FuzzUnits(f, Manager{}, `{"conf": "conf.d/a.conf", "startSecs": 1}`, `{"startSecs": 1e99}`)
}
