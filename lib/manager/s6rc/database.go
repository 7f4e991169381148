package s6rc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// The names in the directory of the databases.
const (
	databasePrefix = "compiled-"
	workPrefix     = ".compiling-"
)

// compile gives the database of units. It is complete as soon as it is there: it
// is made under another name.
func (m *Manager) compile(ctx context.Context, units []manager.Unit) (string, error) {
	place := m.Where()
	definitions := map[string]string{} // service -> directory of its definition
	var processes []string
	for _, unit := range units {
		processes = append(processes, unit.Name)
		for _, dir := range unit.Installs {
			definitions[filepath.Base(dir)] = dir
		}
	}
	slices.Sort(processes)
	database := filepath.Join(place.Databases, databasePrefix+nameOf(definitions))
	if info, err := os.Stat(database); err == nil && info.IsDir() {
		return database, nil
	}
	if err := os.MkdirAll(place.Databases, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(place.Databases, workPrefix)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	source := filepath.Join(work, "source")
	if err := writeSource(source, definitions, processes); err != nil {
		return "", err
	}
	made := filepath.Join(work, "database")
	if _, err := m.Runner.Run(ctx, run.Command{Args: []string{"s6-rc-compile", made, source}}); err != nil {
		return "", fmt.Errorf("the services can't be compiled: %w", err)
	}
	if err := syncTree(made); err != nil {
		return "", err
	}
	return database, os.Rename(made, database)
}

// nameOf a database says from which definitions it was compiled. They are in the
// Nix store, so their paths say what is in them.
func nameOf(definitions map[string]string) string {
	hash := sha256.New()
	for _, service := range slices.Sorted(maps.Keys(definitions)) {
		fmt.Fprintf(hash, "%s\n", definitions[service])
	}
	return hex.EncodeToString(hash.Sum(nil))[:32]
}

// writeSource makes a directory that has all definitions, and the bundle of all
// processes.
func writeSource(source string, definitions map[string]string, processes []string) error {
	bundle := filepath.Join(source, DefaultBundle)
	if err := os.MkdirAll(bundle, 0o755); err != nil {
		return err
	}
	var contents strings.Builder
	for _, process := range processes {
		contents.WriteString(process + "\n")
	}
	err := errors.Join(
		os.WriteFile(filepath.Join(bundle, "type"), []byte(Bundle+"\n"), 0o644),
		os.WriteFile(filepath.Join(bundle, "contents"), []byte(contents.String()), 0o644),
	)
	for _, service := range slices.Sorted(maps.Keys(definitions)) {
		err = errors.Join(err, os.Symlink(definitions[service], filepath.Join(source, service)))
	}
	return err
}

// syncTree has the disk keep what is in a directory, before its name says that
// it is complete.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() && !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
}

// removeObsolete removes what is neither live nor about to be.
func (m *Manager) removeObsolete(database string) error {
	dir := m.Where().Databases
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		obsolete := strings.HasPrefix(name, databasePrefix) || strings.HasPrefix(name, workPrefix)
		if path := filepath.Join(dir, name); obsolete && path != database {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}
