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
