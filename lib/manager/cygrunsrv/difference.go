package cygrunsrv

import (
	"os"
	"strings"

	"nixproc/lib/manager"
)

// Difference says which parameters are not the same in two files: what they mean
// alike has made their keys equal.
func (Manager) Difference(old, new manager.Unit) string {
	before, err := settingsOf(old.File)
	if err != nil {
		return "its parameters can't be compared: " + err.Error()
	}
	after, err := settingsOf(new.File)
	if err != nil {
		return "its parameters can't be compared: " + err.Error()
	}
	return manager.Different("it has another", before, after)
}

func settingsOf(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	meant, err := meaning(content)
	settings := make(map[string]string, len(meant))
	for option, values := range meant {
		settings[option] = strings.Join(values, "\x00")
	}
	return settings, err
}
