package launchd

import (
	"context"
	"os"
	"strings"

	"nixproc/lib/manager"
)

// shownLines of a log are in an error.
const shownLines = 10

// LastWords says why there are none, where the plist names no log.
func (m Manager) LastWords(_ context.Context, unit manager.Unit) string { return words(unit) }

// words gives the last lines of a job's log, in a form to be put after an error.
func words(unit manager.Unit) string {
	if unit.Log == "" {
		return "; what it said is lost: the property StandardErrorPath would name a file for it"
	}
	data, err := os.ReadFile(unit.Log)
	text := strings.TrimRight(string(data), "\n")
	if err != nil || text == "" {
		return "; its log " + unit.Log + " has no lines"
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-shownLines):]
	return "; the end of " + unit.Log + ":\n  " + strings.Join(lines, "\n  ")
}
