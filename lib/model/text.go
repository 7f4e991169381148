package model

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// notUTF8 looks for text in a JSON value that is not UTF-8, and says in which
// attribute it is.
func notUTF8(raw json.RawMessage) (where string, found bool) {
	if utf8.Valid(raw) {
		return "", false
	}
	path := strings.Join(pathOf(raw), ".")
	// The specification's own structure is nothing that a user wrote.
	for _, prefix := range []string{"parameters.", "attributes.", "parameters", "attributes"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			path = rest
			break
		}
	}
	if path == "" {
		return "has text", true
	}
	return "has text in its attribute '" + path + "'", true
}

// pathOf goes down to the deepest attribute that holds all of the wrong text,
// or the first by name of several.
func pathOf(raw json.RawMessage) []string {
	var set map[string]json.RawMessage
	if json.Unmarshal(raw, &set) != nil {
		return nil // a list, or the text itself
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !utf8.Valid(set[name]) {
			return append([]string{name}, pathOf(set[name])...)
		}
	}
	return nil
}
