package manager

import (
	"slices"
	"strings"
)

// Different says which of two sets of settings have not the same value in both:
// "its unit has another ExecStart, User", where what is "its unit has another".
// It is "" if all are the same.
func Different(what string, before, after map[string]string) string {
	var names []string
	for _, settings := range []map[string]string{before, after} {
		for name := range settings {
			value, given := before[name]
			other, givenToo := after[name]
			if (value != other || given != givenToo) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return what + " " + strings.Join(names, ", ")
}
