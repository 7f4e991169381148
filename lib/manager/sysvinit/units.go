package sysvinit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Units reads the scripts of a profile: from its manifest, or, where the
// framework before this built it, from the scripts and links themselves.
func (m Manager) Units(profile string) ([]manager.Unit, error) {
	return manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, script Unit) {
		unit.File = filepath.Join(profile, script.Script)
		unit.PIDFile, unit.PIDFileCertain = script.PIDFile, script.PIDFileCertain
		unit.Program, unit.User, unit.Log = script.Program, script.User, script.Log
		unit.Wanted = slices.Contains(script.Runlevels, m.Runlevel)
		switch {
		case unit.Wanted:
		case len(script.Runlevels) == 0:
			unit.WhyNot = "it starts in no runlevel"
		default:
			unit.WhyNot = fmt.Sprintf("it starts in runlevel %s, this is %s", strings.Join(script.Runlevels, " "), m.Runlevel)
		}
	})
}

var startLink = regexp.MustCompile(`^S([0-9]+)(.+)$`)

// Scan reads the init scripts in a tree that has no manifest: etc/rc.d/init.d
// and the links in etc/rc.d/rcN.d. The key of a script is its content.
func Scan(tree string) ([]manifest.Process, error) {
	rc := filepath.Join(tree, "etc/rc.d")
	entries, err := os.ReadDir(filepath.Join(rc, "init.d"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ranks, runlevels, err := scanLinks(rc)
	if err != nil {
		return nil, err
	}
	var found []manifest.Process
	for _, entry := range entries {
		name := entry.Name()
		script := Unit{Script: "etc/rc.d/init.d/" + name, Runlevels: runlevels[name]}
		content, err := os.ReadFile(filepath.Join(tree, script.Script))
		if err != nil {
			return nil, err
		}
		if parsed, err := readScript(content, name); err == nil {
			script.PIDFile, script.Program, script.PIDFileCertain = parsed.pidFile()
		} // else whatever it is a script for knows more of it
		unit, err := json.Marshal(script)
		if err != nil {
			return nil, err
		}
		digest := manifest.Digest(content)
		found = append(found, manifest.Process{
			Name: name, Rank: ranks[name], Key: digest, Files: map[string]string{script.Script: digest}, Unit: unit,
		})
	}
	return found, nil
}

func scanLinks(rc string) (ranks map[string]int, runlevels map[string][]string, err error) {
	ranks, runlevels = map[string]int{}, map[string][]string{}
	directories, err := filepath.Glob(filepath.Join(escapeGlob(rc), "rc?.d"))
	if err != nil {
		return nil, nil, err
	}
	for _, directory := range directories {
		links, err := os.ReadDir(directory)
		if err != nil {
			return nil, nil, err
		}
		for _, link := range links {
			match := startLink.FindStringSubmatch(link.Name())
			if match == nil {
				continue
			}
			number, err := strconv.Atoi(match[1])
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", filepath.Join(directory, link.Name()), err)
			}
			name := match[2]
			ranks[name] = max(ranks[name], number)
			level := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(directory), "rc"), ".d")
			runlevels[name] = append(runlevels[name], level)
		}
	}
	return ranks, runlevels, nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
