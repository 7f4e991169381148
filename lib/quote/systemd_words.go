package quote

import "strings"

// SystemdWords takes a command line apart as systemd does (systemd.service(5),
// "Command Lines"). It is false where systemd would expand something in it, and
// for all that takes more than quotes and the usual escapes to read.
func SystemdWords(line string) (words []string, ok bool) {
	var word strings.Builder
	begun, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		next := byte(0)
		if i+1 < len(line) {
			next = line[i+1]
		}
		switch {
		case c == '%' || c == '$':
			if next != c {
				return nil, false
			}
			word.WriteByte(c)
			i++
		case c == '\\':
			escaped, known := map[byte]byte{'\\': '\\', '"': '"', '\'': '\'', 'n': '\n', 't': '\t', 's': ' '}[next]
			if !known {
				return nil, false
			}
			word.WriteByte(escaped)
			i++
		case quote != 0 && c == quote:
			quote = 0
			if next != 0 && next != ' ' && next != '\t' {
				return nil, false // a quote within a word
			}
		case quote == 0 && (c == '"' || c == '\''):
			if begun {
				return nil, false
			}
			begun, quote = true, c
			continue
		case quote == 0 && (c == ' ' || c == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
			continue
		default:
			word.WriteByte(c)
		}
		begun = true
	}
	if begun {
		words = append(words, word.String())
	}
	return words, quote == 0
}
