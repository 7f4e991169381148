package deploy

import (
	"fmt"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/plan"
)

// conflicts refuses to start a process in the place of another profile's: the
// two would share a pid file, and each would stop the other's.
func (t Target) conflicts(p plan.Plan) error {
	if len(p.Starts) == 0 {
		return nil
	}
	taken, err := t.takenElsewhere()
	if err != nil {
		return err
	}
	for _, level := range p.Starts {
		for _, unit := range level {
			if owner, ok := taken[unit.PIDFile]; ok && unit.PIDFile != "" {
				return fmt.Errorf("process '%s' has the pid file %s, which %s has, too: rename one of them, or undeploy that profile first", unit.Name, unit.PIDFile, owner)
			}
		}
	}
	return nil
}

// takenElsewhere gives the pid files of the processes of other profiles, and in
// words whose they are.
func (t Target) takenElsewhere() (map[string]string, error) {
	siblings, err := t.Profile.Siblings()
	if err != nil {
		return nil, err
	}
	taken := map[string]string{}
	for name, path := range siblings {
		owner, err := manifest.ManagerOf(path)
		if err != nil || owner != t.Manager.Name() {
			continue // not a profile of ours, then
		}
		var units []manager.Unit
		if units, err = t.Manager.Units(path); err != nil {
			return nil, err
		}
		for _, unit := range units {
			if unit.PIDFile != "" && unit.Wanted {
				taken[unit.PIDFile] = fmt.Sprintf("process '%s' of the profile '%s'", unit.Name, name)
			}
		}
	}
	return taken, nil
}
