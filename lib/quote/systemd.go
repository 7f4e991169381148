package quote

import (
	"fmt"
	"strings"
)

// SystemdEnvironment gives the value of Environment= that sets one variable, by
// systemd.exec(5) and the quoting of systemd.syntax(7). systemd would ignore a
// value with a control character in it other than a tab or a line break; that
// is an error here.
func SystemdEnvironment(name, value string) (string, error) {
	for _, r := range value {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			return "", fmt.Errorf("environment: the value of %s has the control character %U in it, which systemd does not let through", name, r)
		}
	}
	assignment := name + "=" + value
	if strings.IndexFunc(assignment, needsSystemdQuotes) < 0 {
		return assignment, nil
	}
	return `"` + systemdEscapes.Replace(assignment) + `"`, nil
}

var systemdEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "\n", `\n`, "\t", `\t`)

func needsSystemdQuotes(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("_/.,:=@+-", r)
}

// SystemdLine writes text into a property that is no list of words, in which
// systemd replaces specifiers only. A line break becomes a space.
func SystemdLine(text string) string {
	text = strings.NewReplacer("%", "%%", "\n", " ").Replace(text)
	if strings.HasSuffix(text, `\`) {
		text += " " // or it would join the next line to this one
	}
	return text
}

// SystemdPath writes one path into a property that is a list of paths.
func SystemdPath(path string) string {
	if strings.IndexFunc(path, needsSystemdQuotes) < 0 {
		return path
	}
	return `"` + systemdEscapes.Replace(path) + `"`
}
