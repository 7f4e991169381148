package flakeref

import (
	"errors"
	"net/url"
	"strings"
)

// attributePath reads the part behind the #: names with dots between them, which
// may be quoted. None at all is the output "default".
func attributePath(fragment string) ([]string, error) {
	text, err := url.PathUnescape(fragment)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return []string{"default"}, nil
	}
	var names []string
	var name strings.Builder
	quoted, open := false, false
	for _, r := range text {
		switch {
		case r == '"':
			open, quoted = !open, true
		case r == '.' && !open:
			if name.Len() == 0 && !quoted {
				return nil, errors.New("a name is missing in front of a dot")
			}
			names, quoted = append(names, name.String()), false
			name.Reset()
		default:
			name.WriteRune(r)
		}
	}
	if open {
		return nil, errors.New("a quote is missing behind the #")
	}
	if name.Len() == 0 && !quoted {
		return nil, errors.New("a name is missing behind the last dot")
	}
	return append(names, name.String()), nil
}
