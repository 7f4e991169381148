package deploy

import (
	"fmt"
	"path/filepath"
	"strconv"

	"nixproc/lib/manifest"
	"nixproc/lib/plan"
)

// managerOfProgram tells which process manager a program is, for those that are
// deployed as processes themselves.
var managerOfProgram = map[string]string{"dockerd": "docker", "s6-svscan": "s6-rc", "supervisord": "supervisord"}

// Hosted says in words what a plan does to processes of other profiles, or of
// other generations of this one: they go down with the process manager that runs
// them when that is a process of the plan.
func (t Target) Hosted(p plan.Plan) ([]string, error) {
	var texts []string
	for _, change := range p.Changes {
		if change.Action != plan.Restart && change.Action != plan.Stop {
			continue
		}
		hosted, ok := managerOfProgram[filepath.Base(change.Old.Program)]
		if !ok || hosted == t.Manager.Name() {
			continue
		}
		profiles, err := t.newestOf(hosted)
		if err != nil {
			return nil, err
		}
		for name, path := range profiles {
			contents, err := manifest.Read(path)
			if err != nil {
				return nil, err
			}
			number := "unknown"
			if contents != nil {
				number = strconv.Itoa(len(contents.Processes))
			}
			if number != "0" {
				texts = append(texts, fmt.Sprintf("process '%s' is a process manager, and what it runs goes down with it (of the profile '%s', processes: %s)", change.Name, name, number))
			}
		}
	}
	return texts, nil
}

// newestOf gives, by profile, the newest generation of a manager: of this
// profile any, of the others beside it the current one.
func (t Target) newestOf(managerName string) (map[string]string, error) {
	paths, err := t.Profile.Siblings()
	if err != nil {
		return nil, err
	}
	for name, path := range paths {
		if owner, err := manifest.ManagerOf(path); err != nil || owner != managerName {
			delete(paths, name)
		}
	}
	generations, err := t.Profile.Generations()
	if err != nil {
		return nil, err
	}
	for _, generation := range generations {
		if owner, err := manifest.ManagerOf(generation.Path); err == nil && owner == managerName {
			if paths == nil {
				paths = map[string]string{}
			}
			paths[t.Profile.Name] = generation.Path
		}
	}
	return paths, nil
}
