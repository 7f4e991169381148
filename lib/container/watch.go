package container

import (
	"context"
	"fmt"
	"path/filepath"

	"nixproc/lib/manager"
)

// seen is what ran when it was looked at last.
type seen struct {
	path    string // of the generation
	now     deployed
	running map[string]bool
}

// watch tells of processes that have ended since it looked last. Whether somebody
// has stopped them, only whoever reads it can tell.
func (c Container) watch(before *seen) {
	path, err := filepath.EvalSymlinks(c.Profile)
	if err != nil {
		return // nothing is deployed yet
	}
	if path != before.path {
		now, err := c.read(path)
		if err != nil {
			return // who stops it says so
		}
		*before = seen{path: path, now: now}
	}
	states, err := before.now.manager.Status(context.Background(), before.now.units)
	if err != nil {
		return
	}
	running := map[string]bool{}
	for _, unit := range before.now.units {
		running[unit.Name] = states[unit.Name].Condition == manager.Running
		if before.running[unit.Name] && !running[unit.Name] {
			c.Tell(fmt.Sprintf("process '%s' has ended%s", unit.Name, manager.LogTail(unit)))
		}
	}
	before.running = running
}
