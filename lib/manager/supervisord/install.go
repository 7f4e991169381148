package supervisord

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manager/place"
)

// Place is the directory of supervisord's configuration.
func (m Manager) Place() string { return m.ConfDir }

// place is conf.d.
func (m Manager) place() place.Directory {
	return place.Directory{
		Path: filepath.Join(m.ConfDir, "conf.d"), Profile: m.Profile,
		Begin: "; Written by nixproc for the profile ",
		Theirs: func(name, to string) bool {
			return m.StoreDir != "" && strings.HasPrefix(to, m.StoreDir+"/")
		},
		Holds: func(profile, name string) bool {
			_, err := os.Stat(filepath.Join(profile, "conf.d", name))
			return err == nil
		},
	}
}

// MayInstall says whether anything is in the way of the files of units.
func (m Manager) MayInstall(ctx context.Context, there []manager.Unit) error {
	if err := m.mayPut(there); err != nil {
		return err
	}
	// What others have put there may be unreadable.
	if err := m.reread(ctx); err != nil {
		return err
	}
	return m.namesAreFree(ctx, there)
}

func (m Manager) mayPut(there []manager.Unit) error {
	var problems []error
	for name := range sources(there) {
		problems = append(problems, m.place().MayPut(name))
	}
	return errors.Join(problems...)
}

// Install puts the files of units into conf.d, and has supervisord read them if
// one has changed.
func (m Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	if err := m.mayPut(there); err != nil {
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
	conf := m.place()
	changed, err := conf.Put(texts)
	if err != nil {
		return err
	}
	for name := range sources(gone) {
		if wanted[name] != "" {
			continue
		}
		removed, err := conf.Remove(name)
		if err != nil {
			return err
		}
		changed = changed || removed
	}
	if !changed {
		return nil
	}
	return m.reread(ctx)
}

// sources are the files of units in their profile, by their names in conf.d.
func sources(units []manager.Unit) map[string]string {
	all := map[string]string{}
	for _, unit := range units {
		for _, source := range unit.Installs {
			all[filepath.Base(source)] = source
		}
	}
	return all
}
