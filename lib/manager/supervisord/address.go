package supervisord

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// usualAddress is where supervisord listens by the configuration that profiles
// have, and what supervisorctl asks that is told nothing.
const usualAddress = "http://localhost:9001"

// connect finds the supervisord as supervisorctl -c would: by the section
// [supervisorctl] of its configuration. A supervisord that was deployed as a
// process may have that in the Nix store, and no more than conf.d where programs
// go; it is asked at the usual address.
func (m Manager) connect() (*server, error) {
	if m.ConfDir == "" {
		return nil, errors.New("nobody said where supervisord's configuration is: set SUPERVISORD_CONF_DIR to the directory of its supervisord.conf")
	}
	content, err := os.ReadFile(m.config())
	if errors.Is(err, fs.ErrNotExist) {
		return newServer(usualAddress, "", "")
	}
	if err != nil {
		return nil, err
	}
	settings, found := sectionIn(string(content), "supervisorctl")
	if !found {
		return nil, errors.New(m.config() + " has no section [supervisorctl], which says where supervisord is asked")
	}
	for name, value := range settings {
		if settings[name], err = m.expand(value); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", m.config(), name, err)
		}
	}
	address := settings["serverurl"]
	if address == "" {
		address = usualAddress
	}
	return newServer(address, settings["username"], settings["password"])
}

// sectionIn reads one section of a configuration file, in which a comment begins
// with a semicolon or a hash after white space.
func sectionIn(content, name string) (settings map[string]string, found bool) {
	settings = map[string]string{}
	within := false
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(inlineComment.ReplaceAllString(line, ""))
		if strings.HasPrefix(line, "[") {
			within = line == "["+name+"]"
			found = found || within
			continue
		}
		if at := strings.IndexAny(line, "=:"); within && at > 0 {
			settings[strings.ToLower(strings.TrimSpace(line[:at]))] = strings.TrimSpace(line[at+1:])
		}
	}
	return settings, found
}

var (
	inlineComment = regexp.MustCompile(`(^|\s)[;#].*`)
	format        = regexp.MustCompile(`%%|%\(([^)]*)\)s|%`)
)

// expand replaces %(here)s, the directory of the file, and %(ENV_NAME)s.
func (m Manager) expand(value string) (string, error) {
	var err error
	value = format.ReplaceAllStringFunc(value, func(found string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(found, "%("), ")s")
		variable, isVariable := strings.CutPrefix(name, "ENV_")
		set, isSet := os.LookupEnv(variable)
		switch {
		case found == "%%":
			return "%"
		case name == "here":
			return filepath.Dir(m.config())
		case isVariable && isSet:
			return set
		}
		err = fmt.Errorf("nothing is known for %q", found)
		return found
	})
	return value, err
}
