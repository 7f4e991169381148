package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/manager"
	"nixproc/lib/plan"
	"nixproc/lib/replace"
)

// Pending is written down before the first step of a switch and removed when
// the switch has ended well or was undone. So whoever finds one knows which
// processes an interrupted switch may have touched.
type Pending struct {
	Profile string   `json:"profile"` // store path that was switched to
	Units   []string `json:"units"`   // that were to be stopped or started
	// Making are the generations that were made for it: nobody goes back to one
	// that was never reached.
	Making []int `json:"making,omitempty"`
}

func (t Target) pendingFile() string { return filepath.Join(t.Profile.WorkDir(), "pending.json") }

// Begin writes down that the steps of a plan begin.
func (t Target) Begin(storePath string, p plan.Plan) error {
	pending := Pending{Profile: storePath}
	for _, levels := range [][][]manager.Unit{p.Stops, p.Starts} {
		for _, level := range levels {
			for _, unit := range level {
				pending.Units = append(pending.Units, unit.Name)
			}
		}
	}
	// What an earlier switch touched stays doubtful until a switch ends well.
	if before, err := t.readPending(); err == nil && before != nil {
		pending.Units = append(pending.Units, before.Units...)
		pending.Making = before.Making
	}
	if t.Making != 0 {
		pending.Making = append(pending.Making, t.Making)
	}
	data, err := json.Marshal(pending)
	if err == nil {
		err = replace.File(t.pendingFile(), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("the switch can't be written down: %w", err)
	}
	return nil
}

// End says that no process is in doubt any more. The generations that interrupted
// switches were to become go.
func (t Target) End() error {
	pending, err := t.readPending()
	if err != nil || pending == nil {
		return err
	}
	current, _, err := t.Profile.Current()
	if err != nil {
		return err
	}
	for _, number := range pending.Making {
		if number == current.Number || number == t.Making {
			continue
		}
		if err := t.Profile.Remove(number); err != nil {
			return err
		}
	}
	if err := os.Remove(t.pendingFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (t Target) readPending() (*Pending, error) {
	data, err := os.ReadFile(t.pendingFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var pending Pending
	if err == nil {
		err = json.Unmarshal(data, &pending)
	}
	if err != nil {
		return nil, fmt.Errorf("what an interrupted switch touched can't be told: %w", err)
	}
	return &pending, nil
}

// doubtful gives the units of the old profile together with those that an
// interrupted switch may have started. What it may have touched has no key: it
// is equal to nothing.
func (t Target) doubtful(old []manager.Unit, pending Pending) ([]manager.Unit, error) {
	touched := make(map[string]bool, len(pending.Units))
	for _, name := range pending.Units {
		touched[name] = true
	}
	known := make(map[string]bool, len(old))
	all := append([]manager.Unit(nil), old...)
	for i := range all {
		known[all[i].Name] = true
		if touched[all[i].Name] {
			all[i].Key = ""
		}
	}
	if _, err := os.Stat(pending.Profile); err != nil {
		return all, nil // collected as garbage: it can't tell any more
	}
	units, err := t.units(pending.Profile)
	for _, unit := range units {
		if touched[unit.Name] && !known[unit.Name] {
			unit.Key = ""
			all = append(all, unit)
		}
	}
	return all, err
}
