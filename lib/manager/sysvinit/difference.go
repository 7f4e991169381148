package sysvinit

import (
	"os"
	"path/filepath"

	"nixproc/lib/manager"
)

// Difference compares two scripts by what a process that they started depends on,
// and by how they stop it: the variables, the preparations, and those two
// activities. Layout, quotes, comments and messages do not matter.
func (Manager) Difference(old, new manager.Unit) string {
	before, err := readFile(old.File)
	if err != nil {
		return "its script can't be compared: " + err.Error()
	}
	after, err := readFile(new.File)
	if err != nil {
		return "its script can't be compared: " + err.Error()
	}
	switch {
	case !equal(before.variables, after.variables):
		return "its script sets other variables"
	case !equal(before.preparations, after.preparations):
		return "its script prepares it in another way"
	case !equal(before.activities["start"], after.activities["start"]):
		return "its script starts it in another way"
	case !equal(before.activities["stop"], after.activities["stop"]):
		return "its script stops it in another way"
	}
	return ""
}

func readFile(file string) (script, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return script{}, err
	}
	return readScript(content, filepath.Base(file))
}
