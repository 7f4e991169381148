package quote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

// readSupervisord has supervisord's own parser read programs' environments.
func readSupervisord(t *testing.T, values []string) []string {
	t.Helper()
	var file strings.Builder
	for i, value := range values {
		fmt.Fprintf(&file, "[program:p%06d]\ncommand=x\nenvironment=A=\"1\",X=%s,Z=\"2\"\n", i, value)
	}
	cmd := exec.Command("python3", "-c", `
import sys, io, json
sys.path.insert(0, "/usr/lib/python3/dist-packages")
try:
    from supervisor.options import ServerOptions, UnhosedConfigParser
except ImportError:
    sys.exit(77)
parser = UnhosedConfigParser()
parser.read_file(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"))
parser.expand_here("/here")
options = ServerOptions()
options.here = "/here"
groups = options.process_groups_from_parser(parser)
found = []
for group in sorted(groups, key=lambda g: g.name):
    e = group.process_configs[0].environment
    assert sorted(e) == ["A", "X", "Z"] and e["A"] == "1" and e["Z"] == "2", e
    found.append(e["X"])
json.dump(found, sys.stdout)
`)
	cmd.Stdin = strings.NewReader(file.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 77 || cmd.ProcessState == nil {
		t.Skip("supervisor is not installed")
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, stderr.String(), file.String())
	}
	var found []string
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// What is not refused is read back unchanged, by supervisord itself.
func TestSupervisordVariable(t *testing.T) {
	t.Parallel()
	values := []string{
		"", " ", "a", " a ", "a;b", "a ; b", "; a", "a #b", "#", "%", "%%", "100% %s", "%(here)s", "%%(here)s", "%(ENV_HOME)s",
		"a,B=\"c\",d", "it's", "\n", "a\nb", " \n \n ", "a\n;b\n#c\n\nd", "[x]\ny=z", "\\n\\", "naïve 日本", "a\u00a0;b", "\t;", "\v\f#", "a=b", "a\n[program:x]\n",
	}
	runes := []rune("ab'\"\\%;#()=, \t\n$[]é\u00a0\u2028s")
	for len(values) < 2000 {
		var b strings.Builder
		for range rand.IntN(12) {
			if rand.IntN(12) == 0 {
				b.WriteString("%(here)s")
			}
			b.WriteRune(runes[rand.IntN(len(runes))])
		}
		values = append(values, b.String())
	}
	var kept, quoted []string
	for _, value := range values {
		text, err := SupervisordVariable(value)
		if err != nil {
			if !strings.ContainsAny(value, "'\"\r") {
				t.Errorf("%q is refused: %v", value, err)
			}
			continue
		}
		kept, quoted = append(kept, value), append(quoted, text)
	}
	if len(kept) < 500 {
		t.Errorf("only %d of %d values are taken", len(kept), len(values))
	}
	for i, got := range readSupervisord(t, quoted) {
		if got != kept[i] {
			t.Errorf("%q, written as %s, is read as %q", kept[i], quoted[i], got)
		}
	}
}

func TestSupervisordVariableRefuses(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`"`, `'a`, `a"`, `a'b"c`, "a\rb", "a\x00"} {
		if text, err := SupervisordVariable(value); err == nil {
			t.Errorf("%q is written as %s", value, text)
		}
	}
}
