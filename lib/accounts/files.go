package accounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/shellvars"
)

// The directories, in a profile, with one file for each group and user. Their
// lines are shell assignments, because Dysnomia's tools source them.
const (
	groupsDir = "dysnomia-support/groups"
	usersDir  = "dysnomia-support/users"
)

// Read reads the groups and users of a profile; one without such files has
// none. Files of every writer are read, ours and those that the shell tools
// made: only the values matter, and nothing in them is executed.
func Read(profileDir string) (Set, error) {
	if _, err := os.Stat(profileDir); err != nil {
		return Set{}, fmt.Errorf("cannot read the accounts of a profile: %w", err)
	}
	var set Set
	err := eachFile(filepath.Join(profileDir, groupsDir), func(name string, v map[string]string) {
		set.Groups = append(set.Groups, groupOf(name, v))
	})
	if err != nil {
		return Set{}, err
	}
	err = eachFile(filepath.Join(profileDir, usersDir), func(name string, v map[string]string) {
		set.Users = append(set.Users, userOf(name, v))
	})
	if err != nil {
		return Set{}, err
	}
	return set, nil
}

// eachFile reads the files of a directory in the order of their names.
func eachFile(dir string, f func(name string, values map[string]string)) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the accounts of a profile: %w", err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return fmt.Errorf("cannot read an account of a profile: %w", err)
		}
		values, err := shellvars.Parse(string(data))
		if err != nil {
			return fmt.Errorf("cannot read the account %s: %w", filepath.Join(dir, entry.Name()), err)
		}
		f(entry.Name(), values)
	}
	return nil
}
