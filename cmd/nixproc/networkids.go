package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"nixproc/lib/ids"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/replace"
	"nixproc/nixeval"
)

// checkScope refuses command lines that assign no IDs, or not how.
func checkScope(o *options) error {
	switch {
	case (o.ids == "") != (o.idResources == ""):
		return usageError{"--ids and --id-resources belong together: the file in which the IDs are kept, and the one that says which there are"}
	case o.ids != "" && (o.rollback || o.undeploy):
		return usageError{"--rollback and --undeploy assign no IDs: leave out --id-resources and --ids"}
	case sameFile(o.ids, o.idResources):
		return usageError{"--ids and --id-resources name the same file: " + o.ids + " would be overwritten"}
	case o.idScope != "machine" && o.idScope != "network":
		return usageError{"--id-scope is machine or network, not '" + o.idScope + "'"}
	}
	return nil
}

// assignOnNetwork assigns unique IDs to the processes of a distributed model, of
// which some are on machines already. The result is nil where nothing changes.
func (s *session) assignOnNetwork(o *options, m networkModel, before manifestxml.Network) (*newIDs, error) {
	if o.ids == "" {
		return nil, nil
	}
	path, err := replace.Resolve(o.ids)
	if err != nil {
		return nil, usageError{"--ids: " + err.Error()}
	}
	if err := replace.Possible(o.ids); err != nil {
		return nil, err
	}
	question, err := s.questionOf(o, m.manager, m.source, true)
	if err != nil {
		return nil, err
	}
	assign := ids.Assign
	if o.idScope == "machine" {
		there := placed(before)
		assign = func(q ids.Question) (ids.Assignments, error) {
			return network.AssignPerMachine(q, m.Services, func(service, machine string) bool { return there[machine][service].Package != "" })
		}
	}
	after, err := assign(question)
	if err != nil {
		return nil, &nixeval.ModelError{Text: err.Error()}
	}
	if _, err := os.Stat(path); err == nil && reflect.DeepEqual(question.Before, after) {
		return nil, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	result := &newIDs{text: after.Nix()}
	result.assigned, result.freed = ids.Changed(question.Before, after)
	result.paths, err = namesOf(o.ids, path)
	return result, err
}

// pass has the model that Disnix evaluates read the new IDs.
func (n *newIDs) pass(directory string, models *network.Models) error {
	written, err := n.write(directory)
	if err != nil {
		return err
	}
	models.Arguments["idsFiles"], models.Arguments["newIDsFile"] = written.Paths, written.File
	return nil
}

// keepIDs puts new IDs in place, when what has them is deployed. If that is never
// reached, the next command assigns the same.
func keepIDs(o *options) error {
	if o.newIDs == nil {
		return nil
	}
	note("IDs for %s: %d new, %d free again", o.ids, o.newIDs.assigned, o.newIDs.freed)
	path, err := filepath.Abs(o.ids)
	if err != nil {
		return err
	}
	return replace.File(path, []byte(o.newIDs.text), 0o644)
}
