package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// signs tell which process manager a profile without a manifest is for.
// Order matters: bsdrc's directory is also sysvinit's.
var signs = []struct{ pattern, manager string }{
	{"etc/rc.d/init.d", "sysvinit"},
	{"etc/rc.d/rc?.d", "sysvinit"},
	{"etc/rc.d", "bsdrc"},
	{"etc/systemd/system", "systemd"},
	{"supervisord.conf", "supervisord"},
	{"conf.d/*.conf", "supervisord"}, // a package, by itself
	{"etc/s6/sv", "s6-rc"},
	{"*-docker-settings", "docker"},
	{"Library/LaunchDaemons", "launchd"},
	{"*-cygrunsrvparams", "cygrunsrv"},
}

// ManagerOf tells the process manager that a profile is for; "" if it is
// nobody's: a profile of the older framework without processes.
func ManagerOf(profile string) (string, error) {
	if info, err := os.Stat(profile); err != nil {
		return "", err
	} else if !info.IsDir() {
		return "disnix", nil // a Disnix manifest is a file
	}
	manager, found, err := readManager(profile)
	if found || err != nil {
		return manager, err
	}
	for _, sign := range signs {
		matches, err := filepath.Glob(filepath.Join(profile, sign.pattern))
		if err != nil {
			return "", err
		}
		if len(matches) > 0 {
			return sign.manager, nil
		}
	}
	return "", nil
}

// readManager reads no more of the manifest than it has to: it stands near the
// beginning, and a profile may have many generations of many processes.
func readManager(profile string) (name string, found bool, err error) {
	file, err := os.Open(filepath.Join(profile, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	tokens := json.NewDecoder(file)
	brace, err := tokens.Token()
	for err == nil && brace == json.Delim('{') && name == "" && tokens.More() {
		var key json.Token
		if key, err = tokens.Token(); err != nil {
			break
		}
		if key == "manager" {
			err = tokens.Decode(&name)
			continue
		}
		var other json.RawMessage
		err = tokens.Decode(&other)
	}
	if err == nil && name == "" {
		err = errors.New("it names no process manager")
	}
	if err != nil {
		return "", false, fmt.Errorf("%s can't be read: %w", file.Name(), err)
	}
	return name, true, nil
}
