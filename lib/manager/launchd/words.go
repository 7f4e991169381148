package launchd

import (
	"context"

	"nixproc/lib/manager"
)

// LastWords says why there are none, where the plist names no log.
func (m Manager) LastWords(_ context.Context, unit manager.Unit) string { return words(unit) }

// words gives the last lines of a job's log, in a form to be put after an error.
func words(unit manager.Unit) string {
	if unit.Log == "" {
		return "; what it said is lost: the property StandardErrorPath would name a file for it"
	}
	if tail := manager.LogTail(unit); tail != "" {
		return tail
	}
	return "; it has written nothing to its log " + unit.Log
}
