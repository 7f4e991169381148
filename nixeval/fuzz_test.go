package nixeval

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// recorded are the contents of files.
func recorded(t testing.TB, pattern string) (all [][]byte) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// Whatever stands in a file of the store, it is an error or a derivation that is
// written and read back as the same; and its output is the same for both readers.
func FuzzDerivation(f *testing.F) {
	for _, data := range recorded(f, "testdata/derivations/*.drv") {
		f.Add(data)
		f.Add(data[:len(data)-1])
	}
	for _, text := range []string{"", "Derive", "Derive(", "Derive([", "Derive([],[],[],\"\",\"\",[],[])", `Derive([("out","","","")],[],[],"s","b",[],[])`, `Derive([("out","`, `Derive([()],[()],[],"","",[],[()])`, `Derive([("out","\`} {
		f.Add([]byte(text))
	}
	file := filepath.Join(f.TempDir(), "a.drv")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		output, outputErr := outputOf(file)
		drv, err := readDerivation(file)
		if err != nil {
			return
		}
		if out := drv.Outputs["out"]; outputErr == nil && (out == nil || out.Path != output) {
			t.Fatalf("the output is %q, and that of %+v", output, drv)
		}
		_, _ = (&Evaluation{Drv: file}).Model()
		var b bytes.Buffer
		if err := drv.WriteDerivation(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if again, err := readDerivation(file); err != nil || !reflect.DeepEqual(again, drv) {
			t.Fatalf("%+v is read back as %+v (%v)", drv, again, err)
		}
	})
}

// A derivation that was cut off is an error, wherever it was.
func TestTruncatedDerivation(t *testing.T) {
	t.Parallel()
	cutOff := filepath.Join(t.TempDir(), "a.drv")
	for _, data := range recorded(t, "testdata/derivations/*.drv") {
		for cut := range data {
			if err := os.WriteFile(cutOff, data[:cut], 0o644); err != nil {
				t.Fatal(err)
			}
			if drv, err := readDerivation(cutOff); err == nil {
				t.Fatalf("cut at %d of %d: %+v", cut, len(data), drv)
			}
		}
	}
}

// Whatever Nix and the programs that it runs write, it is read to its end, line
// by line, and what is told of it has no colours in it.
func FuzzMessages(f *testing.F) {
	for _, data := range recorded(f, "testdata/*.stderr") {
		f.Add(string(data))
	}
	for _, text := range []string{"@nix null", "@nix {}", "@nix []", `@nix {"action":"msg","level":0,"raw_msg":"x","file":null,"line":-1,"trace":[{}]}`, `@nix {"action":"result","type":101,"fields":[]}`, `@nix {"action":"start","type":105,"fields":[1]}`, "error: ", "@nix {\"action\":\"msg\",\"level\":0,\"raw_msg\":\"\u001b[31mx\",\"msg\":\"\"}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		messages := parseMessages(text)
		if lines := strings.Count(text, "\n"); len(messages) != lines && len(messages) != lines+1 {
			t.Fatalf("%d messages of %d lines", len(messages), lines)
		}
		p := &progress{notes: io.Discard, logs: map[uint64]*buildLog{}}
		for _, m := range messages {
			p.see(m)
			if m.isError() {
				_ = m.aboutNixItself()
				for _, r := range []Request{{}, {Source: Source{ExprFile: "/a.nix"}, ShowTrace: true}, {ExtraParams: "{ }"}} {
					if said := m.explain(r); colour.MatchString(said) {
						t.Fatalf("%q is explained by %q", text, said)
					}
				}
			}
		}
		for _, log := range p.logs {
			if len(log.lines) > keptLogLines {
				t.Fatalf("%d lines of a log are kept", len(log.lines))
			}
		}
	})
}

// Whatever nix.conf holds, no file is asked for ever.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{"substituters = https://a b # c\n", "include x\n", "!include nix.conf\ninclude nix.conf", "= =", "a =", "#"} {
		f.Add(text)
	}
	dir := f.TempDir()
	file := filepath.Join(dir, "nix.conf")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "include") > 1 || strings.Contains(text, "/") && strings.Contains(text, "include") {
			return // each includes both, ten times over; or a file of this machine
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, one := range settingsIn(file, 0) {
			if one.name == "" || strings.ContainsAny(one.name+one.value, "#\n") {
				t.Fatalf("%q sets %+v", text, one)
			}
		}
	})
}
