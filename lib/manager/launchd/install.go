package launchd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manager/place"
)

// Place is the directory that launchd reads.
func (m Manager) Place() string { return m.Dir }

// directory is the place; the line that says whose a plist is follows the first,
// which has to be XML's own.
func (m Manager) directory() place.Directory {
	return place.Directory{
		Path: m.Dir, Profile: m.Profile, Line: 1,
		Begin: "<!-- Put here by nixproc; changes are lost. Profile: ", End: " -->",
		Theirs: func(name, to string) bool { return strings.HasPrefix(to, m.Store+"/") },
		Holds: func(profile, name string) bool {
			_, err := os.Stat(filepath.Join(profile, Directory, name))
			return err == nil
		},
	}
}

// MayInstall says whether anything is in the way of the plists of units.
func (m Manager) MayInstall(_ context.Context, there []manager.Unit) error {
	var problems []error
	for name := range sources(there) {
		if !m.isCopy(name) {
			problems = append(problems, m.directory().MayPut(name))
		}
	}
	return errors.Join(problems...)
}

// Install puts the plists of units into the directory. launchd reads them at a
// boot or login, and when they are started.
func (m Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	if err := m.MayInstall(ctx, there); err != nil {
		return err
	}
	wanted, texts := sources(there), map[string]string{}
	for name, source := range wanted {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		texts[name] = string(content)
	}
	if _, err := m.directory().Put(texts); err != nil {
		return err
	}
	for name := range sources(gone) {
		if wanted[name] != "" {
			continue
		}
		if err := m.remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (m Manager) remove(name string) error {
	if m.isCopy(name) {
		return os.Remove(filepath.Join(m.Dir, name))
	}
	_, err := m.directory().Remove(name)
	return err
}

// isCopy says whether a plist is what the older tools put there: a plain copy of
// the current generation's.
func (m Manager) isCopy(name string) bool {
	path := filepath.Join(m.Dir, name)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	is, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	was, err := os.ReadFile(filepath.Join(m.Profile, Directory, name))
	return err == nil && bytes.Equal(is, was)
}

// sources are the plists of units in their profile, by name.
func sources(units []manager.Unit) map[string]string {
	all := map[string]string{}
	for _, unit := range units {
		for _, source := range unit.Installs {
			all[filepath.Base(source)] = source
		}
	}
	return all
}
