package supervisord

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Units reads the programs of a profile: from its manifest, or, where the
// framework before this built it, from the files in conf.d themselves.
func (Manager) Units(profile string) ([]manager.Unit, error) {
	return manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, program Unit) {
		unit.File = filepath.Join(profile, program.Conf)
		unit.Installs = []string{unit.File}
		unit.User, unit.Log = program.User, program.Log
		unit.Wanted = true
		unit.Own = program
	})
}

// Scan reads the files conf.d/*.conf in a tree that has no manifest. The key of
// a program is its file's content but for the priority, which only says in
// which order programs start.
func Scan(tree string) ([]manifest.Process, error) {
	entries, err := os.ReadDir(filepath.Join(tree, "conf.d"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []manifest.Process
	for _, entry := range entries {
		conf := "conf.d/" + entry.Name()
		if !strings.HasSuffix(conf, ".conf") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(tree, conf))
		if err != nil {
			return nil, err
		}
		for _, section := range sections(content) {
			unit, err := json.Marshal(UnitOf(conf, section.settings))
			if err != nil {
				return nil, err
			}
			process := manifest.Process{
				Name: section.name, Key: manifest.Digest(withoutPriority(content)),
				Files: map[string]string{conf: manifest.Digest(content)}, Unit: unit,
			}
			if priority, err := strconv.Atoi(section.settings["priority"]); err == nil && priority > 0 && priority < lastPriority {
				process.Rank = priority - 1
			}
			found = append(found, process)
		}
	}
	return found, nil
}

// lastPriority is supervisord's default, which says nothing about the order.
const lastPriority = 999

// section of a configuration file that makes a process group.
type section struct {
	name     string
	settings map[string]string
}

// allSections finds what makes groups, and the programs in them.
func allSections(content []byte) []section {
	var found []section
	var current *section
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(inlineComment.ReplaceAllString(line, ""), " \t\r\n")
		if header, ok := strings.CutPrefix(line, "["); ok {
			kind, name, _ := strings.Cut(strings.TrimSuffix(header, "]"), ":")
			current = nil
			switch kind {
			case "program", "fcgi-program", "eventlistener", "group":
				found = append(found, section{name, map[string]string{}})
				current = &found[len(found)-1]
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if current == nil || !ok || strings.ContainsAny(key[:min(1, len(key))], " \t;#") {
			continue
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		current.settings[key] = value
	}
	return found
}

// sections finds the groups of processes: each program is one of its own,
// unless a section [group:x] has it.
func sections(content []byte) []section {
	found := allSections(content)
	inGroup := map[string]bool{}
	for _, one := range found {
		for name := range strings.SplitSeq(one.settings["programs"], ",") {
			inGroup[strings.TrimSpace(name)] = true
		}
	}
	var groups []section
	for _, one := range found {
		if !inGroup[one.name] || one.settings["programs"] != "" {
			groups = append(groups, one)
		}
	}
	return groups
}

func withoutPriority(content []byte) []byte {
	var rest bytes.Buffer
	for line := range bytes.Lines(content) {
		if !bytes.HasPrefix(line, []byte("priority=")) {
			rest.Write(line)
		}
	}
	return rest.Bytes()
}
