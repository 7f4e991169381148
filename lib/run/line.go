package run

import (
	"strings"

	"nixproc/lib/quote"
)

// showValues says that values of variables are shown.
var showValues bool

// ShowValues has values of variables shown from now on. Only a main calls it,
// before anything runs.
func ShowValues() { showValues = true }

// Line is a command line as people get to see it: Quote's, but without values of
// variables (see quote.Hide).
func Line(args ...string) string {
	if !showValues {
		args, _ = quote.Hide(args)
	}
	return Quote(args)
}

// secretLength is how long a value is at least that may be one to be kept secret:
// without all that reads like a shorter one, a text could not be read.
const secretLength = 4

// Without is a text as people get to see it that may repeat values.
func Without(text string, values ...string) string {
	if showValues {
		return text
	}
	for _, value := range values {
		if len(value) >= secretLength {
			text = strings.ReplaceAll(text, value, quote.Hidden)
		}
	}
	return text
}
