package suite

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// upgrade goes from nothing to the model, to the model with one process changed,
// back again, and to nothing. What has not changed has to go on running.
func (t *trial) upgrade() error {
	if err := t.deploy(t.Empty); err != nil {
		return t.because("deployment", err)
	}
	if err := t.ready(t.System); err != nil {
		return err
	}
	if t.Changed == nil {
		t.say("no process of this model can be changed: its packages come from another framework")
		return t.undeploy()
	}
	before, err := t.observe()
	if err != nil {
		return t.because("upgrade", err)
	}
	if len(before) == 0 {
		return t.because("upgrade", errors.New("nothing runs that has a process ID"))
	}
	if err := t.ready(t.Changed.System); err != nil {
		return err
	}
	changed, err := t.compare("the upgrade", before, t.Changed.Process)
	if err != nil {
		return t.because("upgrade", err)
	}
	if err := t.goBack(); err != nil {
		return t.because("upgrade", err)
	}
	if err := t.parts("readiness", "readiness", t.Readiness...); err != nil {
		return err
	}
	if _, err := t.compare("the rollback", changed, t.Changed.Process); err != nil {
		return t.because("upgrade", err)
	}
	return t.undeploy()
}

// compare looks whether the process that was to be replaced is another one now,
// and all others are what they were.
func (t *trial) compare(what string, before map[string]running, replaced string) (now map[string]running, err error) {
	if now, err = t.observe(); err != nil {
		return nil, err
	}
	return now, differences(what, before, now, replaced)
}

func differences(what string, before, now map[string]running, replaced string) error {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		was, is := before[name], now[name]
		switch {
		case is.PID == 0:
			problems = append(problems, fmt.Sprintf("%s does not run after %s; it was process %d", name, what, was.PID))
		case name == replaced && is == was:
			problems = append(problems, fmt.Sprintf("%s is still process %d after %s, though it was to be replaced", name, was.PID, what))
		case name != replaced && is != was:
			problems = append(problems, fmt.Sprintf("%s was process %d and is process %d after %s, though nothing of it had changed", name, was.PID, is.PID, what))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "\n"))
}
