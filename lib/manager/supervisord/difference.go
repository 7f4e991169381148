package supervisord

import (
	"bytes"
	"os"

	"nixproc/lib/manager"
)

// Difference compares two programs by what their files set, but for the priority,
// which only says in which order programs start.
func (Manager) Difference(old, new manager.Unit) string {
	before, plain := settingsOf(old.File)
	after, plainToo := settingsOf(new.File)
	if !plain || !plainToo {
		return "its file can't be compared: it is more than one program with settings of one line each"
	}
	delete(before, "priority")
	delete(after, "priority")
	return manager.Different("its file sets another", before, after)
}

// settingsOf reads a file of the plain form that all generated files have: one
// section, in which each line sets something.
func settingsOf(file string) (settings map[string]string, plain bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, false
	}
	for line := range bytes.Lines(content) {
		if bytes.HasPrefix(line, []byte(" ")) || bytes.HasPrefix(line, []byte("\t")) {
			return nil, false // goes on from the line before
		}
	}
	found := sections(content)
	if len(found) != 1 || bytes.Count(content, []byte("\n[")) > 0 {
		return nil, false
	}
	return found[0].settings, true
}
