// Package quote writes text so that a reader of another language gets it back
// unchanged: one function for each language that rendered files are in. It
// knows languages, not files or process managers.
package quote

import "strings"

// Shell quotes one word for a POSIX shell. Words that need no quotes get none,
// so that command lines stay readable.
func Shell(word string) string {
	if word != "" && strings.IndexFunc(word, needsShellQuotes) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// ShellWords quotes each word and joins them to one command line.
func ShellWords(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Shell(word)
	}
	return strings.Join(quoted, " ")
}

func needsShellQuotes(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("@%_-+=:,./", r)
}
