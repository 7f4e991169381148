package ids

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// FuzzRead reads what could come from people's files: whatever it is, there is
// an error or an assignment; and what is written is read back as the same, by a
// reader of Nix expressions and one of XML that share nothing with the writer.
func FuzzRead(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(read(f, file))
	}
	f.Add([]byte(`{"resources":{"a\"${b}\\\n\r\t":{"max":2}},"ids":{"ids":{"x":{"$":1}}},"requires":{"$$${\\${ é":["a\"${b}\\\n\r\t",1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		question, err := Parse(data)
		if err != nil {
			return
		}
		after, err := Assign(question)
		if err != nil {
			return
		}
		var text nixReader
		if got := text.read(t, after.Nix()); !reflect.DeepEqual(got, after) {
			t.Errorf("Nix reads\n%v where\n%v was written:\n%s", got, after, after.Nix())
		}
		for _, numbers := range after.IDs {
			for name := range numbers {
				if !printable(name) {
					return // no XML can hold it
				}
			}
		}
		var document struct {
			IDs struct {
				Resources []struct {
					Name        string `xml:"name,attr"`
					Assignments []struct {
						Name   string `xml:"name,attr"`
						Number int64  `xml:",chardata"`
					} `xml:"assignment"`
				} `xml:"resource"`
			} `xml:"ids"`
		}
		if err := xml.Unmarshal([]byte(after.XML()), &document); err != nil {
			t.Fatalf("%v in\n%s", err, after.XML())
		}
		for _, resource := range document.IDs.Resources {
			for _, one := range resource.Assignments {
				if printable(resource.Name) && after.IDs[resource.Name][one.Name] != one.Number {
					t.Errorf("XML gives %s %d of %s", one.Name, one.Number, resource.Name)
				}
			}
		}
	})
}

func printable(text string) bool {
	for _, r := range text {
		if r < ' ' || r == 0xfffd || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}

// nixReader reads sets of sets and numbers, with strings by the rules of Nix's
// lexer.
type nixReader struct{ text string }

func (n *nixReader) read(t *testing.T, text string) Assignments {
	t.Helper()
	n.text = text
	data, err := json.Marshal(n.value(t))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		IDs  map[string]map[string]int64 `json:"ids"`
		Last map[string]int64            `json:"lastAssignments"`
	}
	if err := json.Unmarshal(data, &got); err != nil || strings.TrimSpace(n.text) != "" {
		t.Fatalf("%v, and %q is left, in\n%s", err, n.text, text)
	}
	if got.Last == nil {
		got.Last = map[string]int64{}
	}
	return Assignments{IDs: got.IDs, Last: got.Last}
}

func (n *nixReader) take(t *testing.T, token string) bool {
	t.Helper()
	rest, found := strings.CutPrefix(strings.TrimLeft(n.text, " \n"), token)
	if found {
		n.text = rest
	}
	return found
}

func (n *nixReader) value(t *testing.T) any {
	t.Helper()
	if !n.take(t, "{") {
		var number int64
		n.text = strings.TrimLeft(n.text, " \n")
		if _, err := fmt.Sscanf(n.text, "%d", &number); err != nil {
			t.Fatalf("no number: %v in %q", err, n.text)
		}
		n.text = strings.TrimLeft(n.text, "0123456789")
		return number
	}
	set := map[string]any{}
	for !n.take(t, "}") {
		name := n.name(t)
		if !n.take(t, "=") {
			t.Fatalf("no = in %q", n.text)
		}
		set[name] = n.value(t)
		if !n.take(t, ";") {
			t.Fatalf("no ; in %q", n.text)
		}
	}
	return set
}

func (n *nixReader) name(t *testing.T) string {
	t.Helper()
	if !n.take(t, `"`) {
		t.Fatalf("no string in %q", n.text)
	}
	var b strings.Builder
	for i := 0; i < len(n.text); i++ {
		switch c := n.text[i]; {
		case c == '"':
			n.text = n.text[i+1:]
			return b.String()
		case c == '\\':
			i++
			b.WriteString(map[byte]string{'n': "\n", 'r': "\r", 't': "\t"}[n.text[i]])
			if strings.IndexByte("nrt", n.text[i]) < 0 {
				b.WriteByte(n.text[i])
			}
		case strings.HasPrefix(n.text[i:], "${") || c == '\r':
			t.Fatalf("a raw %q in %q", c, n.text)
		default:
			b.WriteByte(c)
		}
	}
	t.Fatalf("the string does not end: %q", n.text)
	return ""
}
