package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"nixproc/lib/coordinator"
	"nixproc/lib/ids"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/replace"
	"nixproc/nixeval"
)

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
		there := coordinator.Placed(before)
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
	return o.changeOf(question.Before, after, path)
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
