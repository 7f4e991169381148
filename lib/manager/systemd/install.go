package systemd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// marker begins the first line of the files that we put in place; the path of
// the profile follows it.
const marker = "# Put here by nixproc; changes are lost. Profile: "

// Install copies the unit files into the directory that systemd reads, and has
// systemd read them if one has changed. They are copies, since a link into an
// old generation leads nowhere after a garbage collection, and at boot before
// the store is mounted.
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
	for _, name := range slices.Sorted(maps.Keys(files)) {
		did, err := m.put(name, files[name])
		changed = changed || did
		if err != nil {
			return err
		}
	}
	did, err := m.enable(len(there) > 0)
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
func (m *Manager) MayInstall(there []manager.Unit) error {
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
		if err := m.mayReplace(name); err != nil {
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
			files[name] = m.signed(string(text))
		}
	}
	files[m.target()] = m.signed(m.targetText(allNames(units)))
	return files, nil
}

// signed is a unit file as it stands in its place.
func (m *Manager) signed(text string) string {
	text = marker + m.Profile + "\n" + strings.TrimRight(text, "\n") + "\n"
	if !m.User {
		text += "\n[Unit]\nRequiresMountsFor=" + quote.SystemdPath(m.Store) + "\n"
	}
	return text
}

// obsolete are the names of files that are not to be in place any more.
func (m *Manager) obsolete(gone []manager.Unit, files map[string]string) []string {
	return slices.DeleteFunc(allNames(gone), func(name string) bool { return files[name] != "" })
}

// owner tells whose a file is: the path of a profile, "link" for a link that the
// tools before this made, "" for nothing there.
func (m *Manager) owner(name string) (string, error) {
	path := filepath.Join(m.Dir, name)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(path)
		if err == nil && m.isTheirs(name, to) {
			return "link", nil
		}
		return "unknown", err
	}
	if !info.Mode().IsRegular() {
		return "unknown", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if profile, ok := strings.CutPrefix(first, marker); ok {
		return profile, nil
	}
	return "unknown", nil
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

// mayReplace refuses what is not ours.
func (m *Manager) mayReplace(name string) error {
	owner, err := m.owner(name)
	if err != nil || owner == "" || owner == "link" || owner == m.Profile {
		return err
	}
	path := filepath.Join(m.Dir, name)
	if owner == "unknown" {
		return fmt.Errorf("%s is in the way: nixproc did not put it there; remove it, or give the process another name", path)
	}
	needed := filepath.Join(owner, Directory, name)
	if name == m.target() {
		needed = filepath.Join(owner, Directory)
	}
	if _, err := os.Stat(needed); err == nil {
		return fmt.Errorf("%s belongs to the profile %s: undeploy it there, or give the process another name", path, owner)
	}
	return nil
}

// remove removes a file that is ours, or that the older tools put there. Any
// other may be another profile's by now.
func (m *Manager) remove(name string) (bool, error) {
	owner, err := m.owner(name)
	if err != nil || owner != m.Profile && owner != "link" {
		return false, err
	}
	return true, errors.Join(os.Remove(filepath.Join(m.Dir, name)), m.removeWants(name))
}

// removeWants removes the link NAME.wants that the older tools made.
func (m *Manager) removeWants(name string) error {
	path := filepath.Join(m.Dir, name+".wants")
	if to, err := os.Readlink(path); err != nil || !strings.HasPrefix(to, m.Store+"/") {
		return nil
	}
	return os.Remove(path)
}

// put writes a file, unless it is there as it should be.
func (m *Manager) put(name, text string) (bool, error) {
	path := filepath.Join(m.Dir, name)
	if is, err := os.ReadFile(path); err == nil && string(is) == text {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			return false, nil
		}
	}
	if err := os.MkdirAll(m.Dir, 0o755); err != nil {
		return false, err
	}
	return true, errors.Join(replace(path, text), m.removeWants(name))
}

// replace writes a file so that it is there as a whole or not at all. systemd
// passes over files whose names begin with a dot.
func replace(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".nixproc-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
