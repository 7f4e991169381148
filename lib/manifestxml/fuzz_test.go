package manifestxml

import (
	"bytes"
	"reflect"
	"testing"
)

// Whatever a manifest holds, it is an error, or one that is written and read
// back as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(recorded))
	const service = `<service name="%s&quot;k"><name>n</name><pkg>/p</pkg><type>process</type></service>`
	const mapping = `<mapping><service>%s"k</service><target>localhost</target></mapping>`
	for _, text := range []string{
		"", "<manifest/>", `<manifest version="2"/>`, `<manifest version="2"><services>` + service + `</services></manifest>`,
		`<manifest version="2"><services>` + service + `</services><serviceMappings>` + mapping + `</serviceMappings></manifest>`,
		`<manifest version="2"><services>` + service + service + `</services><serviceMappings>` + mapping + `</serviceMappings></manifest>`,
		`<manifest version="2"><profiles><profile name="localhost"> /p </profile><profile name="localhost">/q</profile></profiles></manifest>`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse(bytes.NewReader(data))
		if err != nil {
			return
		}
		keys := map[string]bool{}
		for _, s := range m.Services {
			if keys[s.Key] {
				t.Fatalf("two services with the key %q", s.Key)
			}
			keys[s.Key] = true
		}
		text := m.Encode()
		again, err := parse(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if twice := again.Encode(); !bytes.Equal(twice, text) || len(again.Services) != len(m.Services) || again.Profile != m.Profile {
			t.Fatalf("%+v is read back as\n%+v", m, again)
		}
		if len(m.Services) == 1 && !reflect.DeepEqual(again.Services, m.Services) {
			t.Fatalf("%+v is read back as\n%+v", m.Services, again.Services)
		}
	})
}

// A manifest that was cut off is an error, wherever it was.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for cut := range len(recorded) - 1 {
		if m, err := parse(bytes.NewReader([]byte(recorded[:cut]))); err == nil {
			t.Errorf("cut at %d: %+v", cut, m)
		}
	}
}

// A manifest for any machines is an error, or maps what it has to machines that it
// has; one for this machine alone maps what is active.
func FuzzNetwork(f *testing.F) {
	f.Add([]byte(recorded))
	f.Add([]byte(`<manifest version="2"><infrastructure><target name="m"><properties><property name="a">b</property></properties><targetProperty>a</targetProperty></target></infrastructure></manifest>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := parseNetwork(data)
		if err != nil {
			return
		}
		machines := map[string]bool{}
		for _, target := range n.Targets {
			machines[target.Name] = true
		}
		mapped := map[string]bool{}
		for _, m := range n.Mappings {
			if !machines[m.Target] {
				t.Fatalf("%q is mapped to %q", m.Name, m.Target)
			}
			mapped[m.Key] = true
		}
		local, err := parse(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, s := range local.Services {
			if s.Active != mapped[s.Key] {
				t.Fatalf("the service %q is active: %v, and mapped: %v", s.Name, s.Active, mapped[s.Key])
			}
		}
	})
}

// The recorded manifest has two services on one machine.
func TestRecordedNetwork(t *testing.T) {
	n, err := parseNetwork([]byte(recorded))
	if err != nil || len(n.Mappings) != 2 || len(n.Targets) != 1 || n.Targets[0].Address != "localhost" || n.Targets[0].Profile == "" || n.Targets[0].ClientInterface != "disnix-run-activity" {
		t.Errorf("%+v, %v", n, err)
	}
}
