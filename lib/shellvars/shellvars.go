// Package shellvars reads files of shell assignments, which shells source: those
// of Dysnomia, for example. It must not know what the variables are for.
package shellvars

import (
	"errors"
	"strings"
)

// Parse reads lines KEY=VALUE as a POSIX shell would, but expands
// nothing and executes nothing. Values may be quoted in any of the shell's
// ways, also several in one word; a value without quotes goes on to the end
// of its line, since paths with spaces were written so. Lines that assign
// nothing are passed over, and of several lines for one key the last holds.
func Parse(text string) (map[string]string, error) {
	values := map[string]string{}
	for text != "" {
		text = strings.TrimLeft(text, " \t\r\n")
		name := 0
		for name < len(text) && isNameByte(text[name], name == 0) {
			name++
		}
		if name == 0 || name == len(text) || text[name] != '=' {
			_, text, _ = strings.Cut(text, "\n")
			continue
		}
		value, rest, err := parseValue(text[name+1:])
		if err != nil {
			return nil, err
		}
		values[text[:name]] = value
		text = rest
	}
	return values, nil
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || !first && '0' <= c && c <= '9'
}

var errQuote = errors.New("a quote is not closed")

// parseValue reads up to the line break that ends the value, and returns what
// follows it.
func parseValue(text string) (value, rest string, err error) {
	var b strings.Builder
	keep := 0 // length without blanks at the end of the line
	for i := 0; ; i++ {
		if i >= len(text) {
			return b.String()[:keep], "", nil
		}
		switch c := text[i]; c {
		case '\n':
			return b.String()[:keep], text[i+1:], nil
		case '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return "", "", errQuote
			}
			b.WriteString(text[i+1 : i+1+end])
			i += end + 1
		case '"':
			if i, err = doubleQuoted(text, i+1, &b); err != nil {
				return "", "", err
			}
		case '\\':
			i++
			if i < len(text) && text[i] != '\n' {
				b.WriteByte(text[i])
			}
		case ' ', '\t', '\r':
			b.WriteByte(c)
			continue
		default:
			b.WriteByte(c)
		}
		keep = b.Len()
	}
}

// doubleQuoted reads from behind an opening quote to the closing one, whose
// position it returns.
func doubleQuoted(text string, i int, b *strings.Builder) (int, error) {
	for ; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return i, nil
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte("\"\\$`\n", text[i+1]) >= 0:
			i++
			if text[i] != '\n' {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(text[i])
		}
	}
	return 0, errQuote
}
