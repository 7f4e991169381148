package render

import (
	"bytes"
	"encoding/json"
	"fmt"

	"nixproc/lib/model"
)

// settingsOf reads what the constructors of a model were given themselves, by the
// keys that processes have in Settings.
func settingsOf[T any](m model.Model) (map[string]T, error) {
	settings := make(map[string]T, len(m.Settings))
	for key, raw := range m.Settings {
		var one T
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("the settings of a constructor can't be read: %w", err)
		}
		settings[key] = one
	}
	return settings, nil
}

// specOf reads what a constructor says of a process; nothing where it says nothing.
// Numbers of any type stay as they are written.
func specOf[T any](p model.Process) (spec T, err error) {
	if len(p.Parameters) == 0 {
		return spec, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(p.Parameters))
	decoder.UseNumber()
	if err := decoder.Decode(&spec); err != nil {
		return spec, fmt.Errorf("its specification can't be read: %w", err)
	}
	return spec, nil
}
