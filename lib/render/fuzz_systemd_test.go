package render

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nixproc/lib/model"
)

// D20: any values at all give a unit that systemd reads as it was meant.
func FuzzSystemd(f *testing.F) { fuzzedSystemd.fuzz(f) }

var fuzzedSystemd = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		m := modelWith(t, "systemd", systemdSettings{BasePackages: []string{"/a b"}, Prefix: "nix-process-"}, systemdSpec{
			Path: []string{"/100%"}, Environment: map[string]string{p.variable: p.value, "LAST": "last"},
			Sections: map[string]map[string][]string{"Service": {"ExecStart": {"/bin/true"}, "Nice": {strconv.Itoa(p.nice)}}},
		})
		m.Processes[0].Dependencies = []string{"other"}
		return m
	},
	file: "etc/systemd/system/nix-process-x.service",
	says: func(p random) map[string]string {
		says := map[string]string{
			"variable PATH": "/a b/bin:/100%/bin", "variable LAST": "last",
			"Unit.Wants": "nix-process-other.service", "Unit.After": "nix-process-other.service",
			"Service.ExecStart": "/bin/true", "Service.Nice": strconv.Itoa(p.nice),
		}
		says["variable "+p.variable] = p.value
		if p.variable == "LAST" {
			says["variable LAST"] = "last"
		}
		return says
	},
	read: readUnit,
	mayRefuse: func(p random) bool {
		control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == 0x7f }
		return wrongNice(p.nice) || strings.ContainsFunc(p.value, control) || !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(p.variable)
	},
	real: verifyUnits,
}

// verifyUnits has systemd say what it would ignore, and what it can't parse.
func verifyUnits(t *testing.T, all []written) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip(err)
	}
	args := []string{"--user", "verify", "--man=no", "--recursive-errors=no"}
	dir := t.TempDir()
	for i, one := range all {
		file := filepath.Join(dir, fmt.Sprintf("nix-process-%d.service", i))
		if err := os.WriteFile(file, []byte(one.text), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.Command("systemd-analyze", args...)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), dir) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// readUnit reads a unit by systemd.syntax(7), and Environment= by
// systemd.exec(5).
func readUnit(text string) (map[string]string, error) {
	found := map[string]string{}
	section := ""
	// What systemd takes for the end of a line.
	for _, line := range regexp.MustCompile("[\r\n]").Split(text, -1) {
		line = strings.Trim(line, " \t")
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case strings.HasSuffix(line, `\`):
			return nil, fmt.Errorf("%q goes on in the next line", line)
		case line[0] == '[' && line[len(line)-1] == ']':
			section = line[1 : len(line)-1]
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section == "" {
			return nil, fmt.Errorf("%q is no assignment in a section", line)
		}
		key, value = strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t")
		if key != "Environment" {
			if _, again := found[section+"."+key]; again {
				return nil, fmt.Errorf("%s comes twice", key)
			}
			found[section+"."+key] = value
			continue
		}
		words, err := unitWords(value)
		if err != nil || len(words) != 1 {
			return nil, fmt.Errorf("%q has the words %q, want one: %w", value, words, err)
		}
		name, value, _ := strings.Cut(words[0], "=")
		found["variable "+name] = value
	}
	return found, nil
}

// unitWords splits a value as "QUOTING" in systemd.syntax(7) says, and replaces
// what systemd.unit(5) lists under "SPECIFIERS", of which only %% is known here.
func unitWords(value string) ([]string, error) {
	escapes := map[byte]byte{'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11, '\\': '\\', '"': '"', '\'': '\'', 's': ' '}
	var words []string
	for i := 0; i < len(value); {
		if value[i] == ' ' || value[i] == '\t' {
			i++
			continue
		}
		var word []byte
		quote := byte(0)
	within:
		for ; i < len(value); i++ {
			switch c := value[i]; {
			case c == '\\':
				i++
				if i == len(value) || escapes[value[i]] == 0 {
					return nil, fmt.Errorf("an escape that is none, at %d", i)
				}
				word = append(word, escapes[value[i]])
			case c == '%':
				i++
				if i == len(value) || value[i] != '%' {
					return nil, fmt.Errorf("a specifier at %d", i)
				}
				word = append(word, '%')
			case quote == 0 && len(word) == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
				if i+1 < len(value) && value[i+1] != ' ' {
					return nil, fmt.Errorf("a quote ends within a word, at %d", i)
				}
			case quote == 0 && (c == ' ' || c == '\t'):
				break within
			default:
				word = append(word, c)
			}
		}
		if quote != 0 {
			return nil, fmt.Errorf("a quote has no end")
		}
		words = append(words, string(word))
	}
	return words, nil
}
