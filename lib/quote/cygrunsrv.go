package quote

import (
	"errors"
	"strings"
)

// CygrunsrvWord quotes one argument within the text of cygrunsrv's option
// --args. That is split at blanks, and a word that begins with a quote of either
// kind ends at the next one of that kind; nothing can stand for a quote.
func CygrunsrvWord(word string) (string, error) {
	switch {
	case word != "" && !strings.Contains(word, " ") && word[0] != '\'' && word[0] != '"':
		return word, nil
	case !strings.Contains(word, "'"):
		return "'" + word + "'", nil
	case !strings.Contains(word, `"`):
		return `"` + word + `"`, nil
	}
	return "", errors.New("cygrunsrv can't take an argument with a blank (or a quote at its begin) and both kinds of quotes")
}

// CygrunsrvWords splits a text as cygrunsrv does.
func CygrunsrvWords(text string) []string {
	var words []string
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		end := " "
		if text[0] == '\'' || text[0] == '"' {
			end, text = text[:1], text[1:]
		}
		var word string
		word, text, _ = strings.Cut(text, end)
		words = append(words, word)
	}
	return words
}
