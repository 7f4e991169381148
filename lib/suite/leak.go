package suite

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"nixproc/lib/testmachine"
)

// leaving is how long what was stopped may take to be gone.
const leaving = 5 * time.Second

// undeploy stops the model, and looks whether something of it runs on.
func (t *trial) undeploy() error {
	if err := t.deploy(t.Empty); err != nil {
		return t.because("undeployment", err)
	}
	var left []testmachine.Process
	for end := time.Now().Add(leaving); ; time.Sleep(100 * time.Millisecond) {
		now, err := t.machine.Processes()
		if err != nil {
			return &Failure{"machine", err.Error()}
		}
		left = more(t.before, now)
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			break
		}
	}
	var lines []string
	for _, p := range left {
		lines = append(lines, fmt.Sprintf("process %d: %s", p.PID, p.Command))
	}
	return &Failure{"leak", "this runs though all was undeployed:\n  " + strings.Join(lines, "\n  ")}
}

// ofS6rc are the services that s6-rc has for itself, from its first deployment on.
var ofS6rc = regexp.MustCompile(`^s6-supervise s6rc-(fdholder|oneshot-runner)$|/s6-fdholderd `)

// more are those that run now and did not before. A process manager that was started
// again is what it was, though it has another process ID.
func more(before, now []testmachine.Process) (left []testmachine.Process) {
	known := map[string]int{}
	for _, p := range before {
		known[p.Command]++
	}
	for _, p := range now {
		if ofS6rc.MatchString(p.Command) {
			continue
		}
		if known[p.Command]--; known[p.Command] < 0 {
			left = append(left, p)
		}
	}
	return left
}
