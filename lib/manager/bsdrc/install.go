package bsdrc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manager/place"
)

// Place is the directory of scripts that are started at boot, "" if nothing of
// the profile's is there, nor is to be.
func (m *Manager) Place() string {
	if m.AtBoot {
		return m.TargetDir
	}
	entries, err := os.ReadDir(m.TargetDir)
	if err != nil {
		return ""
	}
	for _, entry := range entries {
		if ours, err := m.place().Has(entry.Name()); err == nil && ours {
			return m.TargetDir
		}
	}
	return ""
}

func (m *Manager) place() place.Directory {
	return place.Directory{
		Path: m.TargetDir, Profile: m.Profile,
		Begin: "# Put here by nixproc; changes are lost. Profile: ",
		Line:  1, // after #!/bin/sh
		Mode:  0o755,
		// The older tools made links to a profile's scripts, by its path in the
		// store or by one that leads there.
		Theirs: func(name, to string) bool {
			if !strings.HasSuffix(to, "/"+directory+"/"+name) {
				return false
			}
			resolved, err := filepath.EvalSymlinks(to)
			return strings.HasPrefix(to, m.Store+"/") || err == nil && strings.HasPrefix(resolved, m.Store+"/")
		},
		Holds: func(profile, name string) bool {
			_, err := os.Stat(filepath.Join(profile, directory, name))
			return err == nil
		},
	}
}

// MayInstall says whether anything is in the way of the scripts.
func (m *Manager) MayInstall(_ context.Context, there []manager.Unit) error {
	var problems []error
	if m.AtBoot {
		for _, unit := range there {
			problems = append(problems, m.place().MayPut(filepath.Base(unit.File)))
		}
		_, err := readRCConf(m.RCConf)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Install has the scripts in there started at boot, if that is asked for, and
// takes back what it did for all others of this profile. Called once more, it
// makes it for the units that it gets as it was before.
func (m *Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	conf, err := readRCConf(m.RCConf)
	if errors.Is(err, fs.ErrPermission) && m.Place() == "" {
		return nil // nothing is asked for, and nothing was done that we could have done
	}
	if err != nil {
		return err
	}
	atBoot := func(manager.Unit) bool { return m.AtBoot }
	if m.before == nil {
		if err := m.MayInstall(ctx, there); err != nil {
			return err
		}
		if err := m.remember(slices.Concat(gone, there)); err != nil {
			return err
		}
	} else {
		atBoot = func(unit manager.Unit) bool { return m.before[unit.Name] }
	}
	var lines []string
	scripts := map[string]string{}
	for _, unit := range there {
		if !atBoot(unit) {
			gone = append(gone, unit)
			continue
		}
		text, err := os.ReadFile(unit.File)
		if err != nil {
			return err
		}
		scripts[filepath.Base(unit.File)] = string(text)
		script := unit.Own.(Unit)
		// rc(8) passes over those with nostart, whatever rc.conf says.
		if script.RCVar != "" && !slices.Contains(script.Keywords, "nostart") {
			lines = append(lines, script.RCVar)
		}
	}
	if _, err := m.place().Put(scripts); err != nil {
		return fmt.Errorf("the scripts can't be put where they are started at boot: %w", err)
	}
	for _, unit := range gone {
		if _, err := m.place().Remove(filepath.Base(unit.File)); err != nil {
			return err
		}
	}
	return conf.enable(m.Profile, lines)
}

// remember notes which units are started at boot before anything changes.
func (m *Manager) remember(units []manager.Unit) error {
	m.before = map[string]bool{}
	for _, unit := range units {
		has, err := m.place().Has(filepath.Base(unit.File))
		if err != nil {
			return err
		}
		m.before[unit.Name] = has
	}
	return nil
}
