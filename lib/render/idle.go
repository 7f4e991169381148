package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/manifest"
	"nixproc/lib/model"
)

// Idle is a package in which there is nothing for the model's process manager.
type Idle struct {
	Attribute string // of the processes model
	For       string // the process manager that the package is for; "" for none
	Accounts  bool   // it brings users or groups, or would if those may be changed
}

// IdlePackages are those of a model's packages without a specification that give
// its process manager nothing to run. They have been built by now; of what is gone
// again, since the profile needs none of its files, nothing is known.
func IdlePackages(m model.Model) (found []Idle, err error) {
	for _, p := range m.Processes {
		if !p.Foreign {
			continue
		}
		if _, err := os.Stat(p.Tree); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		processes, err := scan(m.Manager, Merge{Tree: p.Tree, Process: p.Name, Foreign: true})
		if err != nil {
			return nil, fmt.Errorf("process '%s': %w", p.Name, err)
		}
		if len(processes) > 0 {
			continue
		}
		one := Idle{Attribute: p.Attribute}
		if one.For, err = manifest.ManagerOf(p.Tree); err != nil {
			return nil, fmt.Errorf("process '%s': %w", p.Name, err)
		}
		_, accountsErr := os.Stat(filepath.Join(p.Tree, "dysnomia-support"))
		one.Accounts = accountsErr == nil
		found = append(found, one)
	}
	return found, nil
}

// CheckTrees tells which packages of a model are files, which have no place in a
// profile. That shows when they are built.
func CheckTrees(m model.Model) error {
	var problems []error
	for _, p := range m.Processes {
		if info, err := os.Stat(p.Tree); err == nil && !info.IsDir() {
			problems = append(problems, fmt.Errorf("process '%s' has the file %s as 'pkg', where a package with the files of a process is due", p.Attribute, p.Tree))
		}
	}
	return errors.Join(problems...)
}
