package systemd

import (
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
)

// Difference compares two services by what their units set. A command counts by
// its words, however they are quoted, and one that runs a script of the Nix store
// with nothing in it but shell as if the shell stood in the unit.
func (*Manager) Difference(old, new manager.Unit) string {
	if len(old.Installs) != 1 || len(new.Installs) != 1 {
		return "it has more units than its service"
	}
	before, err := settingsOf(old.File)
	if err != nil {
		return "its unit can't be compared: " + err.Error()
	}
	after, err := settingsOf(new.File)
	if err != nil {
		return "its unit can't be compared: " + err.Error()
	}
	return manager.Different("its unit has another", before, after)
}

// settingsOf are the values of the properties that count, in a form that is the
// same for those that mean the same.
func settingsOf(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for section, lines := range sectionsOf(string(content)) {
		for _, line := range lines {
			name, value, _ := strings.Cut(line, "=")
			if section == "[Service]" && strings.HasPrefix(name, "Exec") {
				value = command(value)
			} else if section != "[Service]" {
				name = section + name
			}
			settings[name] += "\n" + value
		}
	}
	return settings, nil
}

// command is what a value of ExecStart=, ExecStartPre= and so on runs.
func command(value string) string {
	words, plain := quote.SystemdWords(value)
	if !plain || len(words) == 0 {
		return value
	}
	program := strings.TrimLeft(words[0], "@-:+!")
	prefix := strings.TrimSuffix(words[0], program)
	if len(words) == 4 && slices.Equal(words[1:3], []string{"-e", "-c"}) && path.Base(program) == "bash" {
		return prefix + " shell: " + strconv.Quote(strings.TrimSpace(words[3]))
	}
	if len(words) == 1 {
		if content, err := os.ReadFile(program); err == nil {
			first, rest, _ := strings.Cut(string(content), "\n")
			if interpreter, isScript := strings.CutPrefix(first, "#!"); isScript && strings.HasSuffix(interpreter, "/bash -e") {
				return prefix + " shell: " + strconv.Quote(strings.TrimSpace(rest))
			}
		}
	}
	return prefix + " words: " + strconv.Quote(strings.Join(words, "\x00"))
}
