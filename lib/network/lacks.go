package network

import (
	"encoding/json"
	"strings"
)

// ManagersWanted is the property by which a machine is asked whether process managers
// can be used there, by their names.
const ManagersWanted = "nixprocManagers"

// lackMark begins a line about one that can't.
const lackMark = "nixproc lacks: "

// WriteLack writes why a process manager can't be used.
func WriteLack(why string) (string, error) {
	text, err := json.Marshal(why)
	return lackMark + string(text) + "\n", err
}

// ReadLacks finds all such reasons in what was printed on the way.
func ReadLacks(printed string) (reasons []string) {
	for line := range strings.Lines(printed) {
		text, found := strings.CutPrefix(strings.TrimRight(line, "\r\n"), lackMark)
		var why string
		if found && json.Unmarshal([]byte(text), &why) == nil {
			reasons = append(reasons, why)
		}
	}
	return reasons
}
