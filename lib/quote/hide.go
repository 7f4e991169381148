package quote

import (
	"path"
	"regexp"
	"strings"
)

// Hidden stands for the value of a variable where it is not to be seen.
const Hidden = "***"

// assignment is a word that gives a variable to a program, as env(1) takes it.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// Hide gives the words of a command line without the values of variables: what
// an option --env or -e has behind its first "=", and what any word has that
// reads NAME=VALUE. Nor have they the password that useradd(8) gets, where it is
// one and does not just lock the account. The values come beside, for texts that
// may repeat them.
func Hide(words []string) (shown, values []string) {
	shown = make([]string, len(words))
	for i, word := range words {
		option, rest := "", word
		if inline, ok := strings.CutPrefix(word, "--env="); ok {
			option, rest = "--env=", inline
		}
		if i > 0 && words[i-1] == "-p" && path.Base(words[0]) == "useradd" && len(word) > len("!!") {
			values = append(values, word)
			shown[i] = Hidden
			continue
		}
		variable := option != "" || i > 0 && (words[i-1] == "--env" || words[i-1] == "-e") || assignment.MatchString(rest)
		name, value, assigned := strings.Cut(rest, "=")
		if variable && assigned && value != "" {
			values = append(values, value)
			word = option + name + "=" + Hidden
		}
		shown[i] = word
	}
	return shown, values
}
