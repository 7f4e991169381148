package systemd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manager/place"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Place is the directory that systemd reads.
func (m *Manager) Place() string { return m.Dir }

func (m *Manager) place() place.Directory {
	return place.Directory{
		Path: m.Dir, Profile: m.Profile,
		Begin:  "# Put here by nixproc; changes are lost. Profile: ",
		Theirs: m.isTheirs,
		Holds:  m.holds,
	}
}

// Install copies the unit files into the directory that systemd reads, and has
// systemd read them if one has changed.
func (m *Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	files, err := m.permitted(there)
	if err != nil {
		return err
	}
	obsolete := m.obsolete(gone, files)
	if len(there) == 0 {
		obsolete = append(obsolete, m.target())
		if err := m.stopTarget(ctx); err != nil {
			return err
		}
	}
	changed := false
	for _, name := range obsolete {
		did, err := m.remove(name)
		changed = changed || did
		if err != nil {
			return err
		}
	}
	did, err := m.place().Put(files)
	changed = changed || did
	for name := range files {
		err = errors.Join(err, m.removeWants(name))
	}
	if err != nil {
		return err
	}
	did, err = m.enable(len(there) > 0)
	if err != nil {
		return err
	}
	if !changed && !did && !m.stale.Load() {
		return nil
	}
	if len(gone) > 0 {
		// Of a unit that failed, systemd would keep the name. Where there is
		// none such, this fails, and nothing is wrong.
		names := append([]string{"reset-failed", "--"}, allNames(gone)...)
		_, _ = m.Runner.Run(ctx, run.Command{Args: m.systemctl(names...)})
	}
	if _, err := m.Runner.Run(ctx, run.Command{Args: m.systemctl("daemon-reload")}); err != nil {
		return m.unreachable(err)
	}
	m.stale.Store(false)
	return nil
}

// MayInstall says whether anything is in the way of the files of units.
func (m *Manager) MayInstall(_ context.Context, there []manager.Unit) error {
	_, err := m.permitted(there)
	return err
}

// permitted are the contents of the files that are to be in place, if nothing
// is in their way.
func (m *Manager) permitted(there []manager.Unit) (map[string]string, error) {
	files, err := m.contents(there)
	if err != nil || len(there) == 0 {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := m.place().MayPut(name); err != nil {
			return nil, err
		}
	}
	return files, m.mayEnable()
}

func allNames(units []manager.Unit) []string {
	var names []string
	for _, unit := range units {
		names = append(names, namesOf(unit)...)
	}
	return names
}

// contents of the files that are to be in place, by name.
func (m *Manager) contents(units []manager.Unit) (map[string]string, error) {
	files := map[string]string{}
	if len(units) == 0 {
		return files, nil
	}
	for _, unit := range units {
		for _, source := range unit.Installs {
			text, err := os.ReadFile(source)
			if err != nil {
				return nil, fmt.Errorf("process '%s': %w", unit.Name, err)
			}
			name := filepath.Base(source)
			if _, twice := files[name]; twice {
				return nil, fmt.Errorf("process '%s': another process has the unit %s too", unit.Name, name)
			}
			files[name] = m.installed(string(text))
		}
	}
	files[m.target()] = m.installed(m.targetText(allNames(units)))
	return files, nil
}

// installed is a unit file as it stands in its place.
func (m *Manager) installed(text string) string {
	text = strings.TrimRight(text, "\n") + "\n"
	if !m.User {
		text += "\n[Unit]\nRequiresMountsFor=" + quote.SystemdPath(m.Store) + "\n"
	}
	return text
}

// obsolete are the names of files that are not to be in place any more.
func (m *Manager) obsolete(gone []manager.Unit, files map[string]string) []string {
	return slices.DeleteFunc(allNames(gone), func(name string) bool { return files[name] != "" })
}

// isTheirs says whether a link leads where those of the older tools do: to
// STORE/HASH-NAME.service, or to a unit in a package.
func (m *Manager) isTheirs(name, to string) bool {
	inside, err := filepath.Rel(m.Store, to)
	if err != nil || strings.HasPrefix(inside, "..") {
		return false
	}
	return strings.HasSuffix(inside, "-"+strings.TrimPrefix(name, Prefix)) || strings.HasSuffix(inside, "/"+Directory+"/"+name)
}

// holds says whether a profile has a unit file.
func (m *Manager) holds(profile, name string) bool {
	needed := filepath.Join(profile, Directory, name)
	if name == m.target() {
		needed = filepath.Dir(needed)
	}
	_, err := os.Stat(needed)
	return err == nil
}

// remove removes a file, if it is ours.
func (m *Manager) remove(name string) (bool, error) {
	removed, err := m.place().Remove(name)
	if err != nil || !removed {
		return removed, err
	}
	return true, m.removeWants(name)
}

// removeWants removes the link NAME.wants that the older tools made.
func (m *Manager) removeWants(name string) error {
	path := filepath.Join(m.Dir, name+".wants")
	if to, err := os.Readlink(path); err != nil || !strings.HasPrefix(to, m.Store+"/") {
		return nil
	}
	return os.Remove(path)
}
