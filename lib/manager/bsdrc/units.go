package bsdrc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/order"
	"nixproc/lib/rcorder"
)

// directory of the scripts in a profile.
const directory = "etc/rc.d"

// Units reads the scripts of a profile: from its manifest, or, where the
// framework before this built it, from the scripts themselves. Their ranks are
// those that rcorder(8) would give.
func (*Manager) Units(profile string) ([]manager.Unit, error) {
	units, err := manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, script Unit) {
		unit.File = filepath.Join(profile, script.Script)
		unit.Installs = []string{unit.File}
		unit.PIDFile, unit.PIDFileCertain = script.PIDFile, script.PIDFileCertain
		unit.Program, unit.User, unit.Log = script.Program, script.User, script.Log
		unit.Wanted = true
		unit.Own = script
	})
	if err != nil {
		return nil, err
	}
	scripts := make([]rcorder.Script, len(units))
	for i, unit := range units {
		script := unit.Own.(Unit)
		scripts[i] = rcorder.Script{
			Name: unit.Name, Before: script.Before,
			// A model knows its processes by their names, whatever they provide.
			Provides: append(slices.Clone(script.Provides), unit.Name),
			Requires: slices.Concat(script.Requires, unit.Requires),
		}
	}
	ranks, err := rcorder.Ranks(scripts)
	// Scripts that wait for each other were refused when they were built; those
	// of others were started in some order.
	if _, cycle := errors.AsType[*order.CycleError](err); err != nil && !cycle {
		return nil, err
	}
	for i := range units {
		units[i].Rank = ranks[units[i].Name]
	}
	return units, nil
}

// What scripts of the older framework say, each on a line of its own.
var (
	rcVarLine   = regexp.MustCompile(`(?m)^rcvar=["']?([A-Za-z0-9_]+)["']?$`)
	pidFileLine = regexp.MustCompile(`(?m)^pidfile="?(/[^\s'"$;|&]+)"?$`)
	commandLine = regexp.MustCompile(`(?m)^command="?(/[^\s'"$;|&]+)"?$`)
	startLine   = regexp.MustCompile(`(?m)^start_cmd=`)
)

// Scan reads the scripts in a tree that has no manifest. The key of a script is
// its content.
func Scan(tree string) ([]manifest.Process, error) {
	entries, err := os.ReadDir(filepath.Join(tree, directory))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []manifest.Process
	for _, entry := range entries {
		name := entry.Name()
		path := filepath.Join(tree, directory, name)
		if info, err := os.Stat(path); err != nil || strings.HasPrefix(name, ".") || !info.Mode().IsRegular() {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		header := rcorder.Parse(name, string(content))
		script := Unit{
			Script: directory + "/" + name, Provides: header.Provides, Requires: header.Requires,
			Before: header.Before, Keywords: header.Keywords,
			RCVar: firstOf(rcVarLine, content), PIDFile: firstOf(pidFileLine, content), Program: firstOf(commandLine, content),
		}
		// daemon(8) writes the file only if it is told which, a daemon by itself.
		script.PIDFileCertain = script.PIDFile != "" && !startLine.Match(content) &&
			(script.Program != "" || bytes.Contains(content, []byte("-p "+script.PIDFile+" ")))
		unit, err := json.Marshal(script)
		if err != nil {
			return nil, err
		}
		digest := manifest.Digest(content)
		found = append(found, manifest.Process{
			Name: name, Key: digest, Files: map[string]string{script.Script: digest}, Unit: unit,
		})
	}
	return found, nil
}

func firstOf(form *regexp.Regexp, content []byte) string {
	if match := form.FindSubmatch(content); match != nil {
		return string(match[1])
	}
	return ""
}
