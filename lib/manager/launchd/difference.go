package launchd

import (
	"encoding/json"
	"os"

	"nixproc/lib/manager"
)

// Difference says which properties are not the same in two plists: what they
// mean alike has made their keys equal.
func (Manager) Difference(old, new manager.Unit) string {
	before, err := settingsOf(old.File)
	if err != nil {
		return "its plist can't be compared: " + err.Error()
	}
	after, err := settingsOf(new.File)
	if err != nil {
		return "its plist can't be compared: " + err.Error()
	}
	return manager.Different("its plist has another", before, after)
}

func settingsOf(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	properties, err := meaning(content)
	if err != nil {
		return nil, err
	}
	settings := make(map[string]string, len(properties))
	for name, value := range properties {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		settings[name] = string(text)
	}
	return settings, nil
}
