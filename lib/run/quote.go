package run

import (
	"strings"

	"nixproc/lib/quote"
)

// reserved are the words that a POSIX shell does not take for a program's
// name when they come first (POSIX.1-2017, Shell Command Language, 2.4).
var reserved = map[string]bool{
	"case": true, "do": true, "done": true, "elif": true, "else": true, "esac": true,
	"fi": true, "for": true, "if": true, "in": true, "then": true, "until": true, "while": true,
}

// Quote turns arguments into a line that a POSIX shell splits into exactly
// these arguments again. Only words that need quotes get them; a first word
// that the shell would read as an assignment or as its own is one of those.
func Quote(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = quote.Shell(arg)
		if i == 0 && words[i] == arg && (reserved[arg] || strings.Contains(arg, "=")) {
			words[i] = "'" + arg + "'"
		}
	}
	return strings.Join(words, " ")
}
