package main

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manifestxml"
	"nixproc/lib/model"
)

// checkNetwork assigns IDs, writes the models for Disnix, and tells all that is wrong
// with the processes before Disnix builds anything: on each machine, what a switch of
// that machine alone would find.
func (s *session) checkNetwork(directory string, o *options, m *networkModel, before manifestxml.Network) error {
	var err error
	if o.newIDs, err = s.assignOnNetwork(o, *m, before); err != nil {
		return err
	}
	r, err := request(o, m.manager, m.source)
	if err != nil {
		return err
	}
	if o.newIDs != nil {
		if r.NewIDs, err = o.newIDs.write(directory); err != nil {
			return err
		}
		m.Arguments["idsFiles"], m.Arguments["newIDsFile"] = r.NewIDs.Paths, r.NewIDs.File
	}
	if err := m.Write(directory); err != nil || len(m.Services) == 0 {
		return err
	}
	models, used, err := m.nix.NetworkModels(s.soft, r, filepath.Join(directory, "models.nix"))
	if err != nil {
		return err
	}
	if o.newIDs != nil {
		if err := o.newIDs.read(used, o, m.source); err != nil {
			return err
		}
	}
	if problems := m.problems(models); problems != nil {
		return wrongModel(m.source, problems)
	}
	return nil
}

// problems are those of the processes on each machine, each told once.
func (m networkModel) problems(models []model.Model) error {
	on := map[string][]string{}
	for _, service := range m.Services {
		for _, machine := range service.Machines {
			on[machine] = append(on[machine], service.Process)
		}
	}
	parts := map[string]model.Parts{}
	for _, one := range models {
		parts[one.Manager] = one.Parts()
	}
	var problems []error
	told := map[string]bool{}
	for _, machine := range slices.Sorted(maps.Keys(on)) {
		_, err := checkModel(parts[m.described.Machines[machine]].Of(on[machine]))
		if err == nil {
			continue
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !told[line] {
				told[line] = true
				problems = append(problems, errors.New(line))
			}
		}
	}
	return errors.Join(problems...)
}
