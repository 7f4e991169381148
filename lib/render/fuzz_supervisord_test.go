package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"nixproc/lib/model"
)

// D20: any values at all give a program that supervisord reads as it was meant.
func FuzzSupervisord(f *testing.F) { fuzzedSupervisord.fuzz(f) }

var fuzzedSupervisord = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		nice := fmt.Sprint(p.nice)
		return modelWith(t, "supervisord", supervisordSettings{BasePackages: []string{"/a b"}}, supervisordSpec{
			Command: "true 'a\nb'", Nice: &nice, Path: []string{"/100%"},
			Environment: map[string]string{p.variable: p.value, "LAST": "last"},
			Properties:  map[string]string{"autorestart": "true"},
		})
	},
	file: "conf.d/x.conf",
	says: programSays,
	read: readProgram,
	mayRefuse: func(p random) bool {
		return wrongNice(p.nice) || strings.ContainsRune(p.value, '\r') || p.value != strings.Trim(p.value, `'"`) ||
			strings.ContainsRune(p.value, '\'') && strings.ContainsRune(p.value, '"') ||
			!regexp.MustCompile(`^[A-Za-z0-9_/.+:()-]+$`).MatchString(p.variable)
	},
	real: realPrograms,
}

func programSays(p random) map[string]string {
	says := map[string]string{
		"command": "true 'a\nb'", "priority": "1", "autorestart": "true",
		"variable PATH": "/a b/bin:/100%/bin", "variable " + p.variable: p.value,
	}
	says["variable LAST"] = "last"
	return says
}

// readProgram reads a section [program:x] as configparser's documentation says
// of a parser with the inline comments ; and #, then what supervisord's says of
// formats and of KEY="value" pairs.
func readProgram(text string) (map[string]string, error) {
	lines := strings.Split(text, "\n")
	if lines[0] != "[program:x]" {
		return nil, fmt.Errorf("the first line is %q", lines[0])
	}
	values := map[string]string{}
	key := ""
	for _, line := range lines[1:] {
		line = withoutComment(line)
		stripped := strings.TrimFunc(line, pythonSpace)
		switch {
		case stripped == "" && key != "":
			values[key] += "\n"
		case key != "" && line != "" && pythonSpace([]rune(line)[0]):
			values[key] += "\n" + stripped
		default:
			name, value, ok := strings.Cut(stripped, "=")
			if _, again := values[name]; !ok || again || strings.HasPrefix(stripped, "[") {
				return nil, fmt.Errorf("%q is no setting, or comes twice", line)
			}
			key = name
			values[key] = strings.TrimFunc(value, pythonSpace)
		}
	}
	found := map[string]string{}
	for name, value := range values {
		value = strings.TrimRightFunc(value, pythonSpace)
		value = strings.ReplaceAll(value, "%(here)s", "/here")
		value, err := formatted(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if name != "environment" {
			found[name] = value
		} else if err := readPairs(value, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// withoutComment cuts at the first comment sign that begins the line or comes
// after white space.
func withoutComment(line string) string {
	before := ' '
	for i, r := range line {
		if (r == ';' || r == '#') && pythonSpace(before) {
			return line[:i]
		}
		before = r
	}
	return line
}

// pythonSpace is str.isspace.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// formatted does what Python's operator % does with the formats that we use.
func formatted(value string) (string, error) {
	var text strings.Builder
	for i := 0; i < len(value); i++ {
		switch rest := value[i:]; {
		case value[i] != '%':
			text.WriteByte(value[i])
		case strings.HasPrefix(rest, "%%"):
			text.WriteByte('%')
			i++
		case strings.HasPrefix(rest, "%(program_name).0s"):
			i += len("%(program_name).0s") - 1
		default:
			return "", fmt.Errorf("the format at %.20q", rest)
		}
	}
	return text.String(), nil
}

func readPairs(text string, found map[string]string) error {
	for {
		name, rest, ok := strings.Cut(text, "=")
		if !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
			return fmt.Errorf("%.40q is no pair", text)
		}
		value, rest, ok := strings.Cut(rest[1:], rest[:1])
		if !ok || strings.Trim(value, `'"`) != value {
			return errors.New("supervisord takes quotes off the value of " + name)
		}
		found["variable "+name] = value
		if rest == "" {
			return nil
		}
		if rest[0] != ',' {
			return fmt.Errorf("after a pair comes %.40q", rest)
		}
		text = rest[1:]
	}
}

// realPrograms has supervisord's own parser read the files.
func realPrograms(t *testing.T, all []written) {
	var texts []string
	for _, one := range all {
		texts = append(texts, one.text)
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", `
import sys, json
sys.path.insert(0, "/usr/lib/python3/dist-packages")
try:
    from supervisor.options import ServerOptions, UnhosedConfigParser
except ImportError:
    sys.exit(77)
def read(text):
    parser = UnhosedConfigParser()
    parser.read_string(text)
    parser.expand_here("/here")
    options = ServerOptions()
    options.here = "/here"
    [group] = options.process_groups_from_parser(parser)
    [program] = group.process_configs
    found = {"variable " + name: value for name, value in program.environment.items()}
    found.update(command=program.command, priority=str(group.priority), autorestart=str(program.autorestart is not False).lower())
    return found
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() == 77 {
		t.Skip("supervisor is not installed")
	}
	var found []map[string]string
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil || len(found) != len(all) {
		t.Fatalf("%v, %d files read\n%s", err, len(found), &stderr)
	}
	for i, one := range all {
		same(t, found[i], programSays(one.random), one.text)
	}
}
