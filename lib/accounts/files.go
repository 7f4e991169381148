package accounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
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
		set.Groups = append(set.Groups, Group{Name: name, GID: v["gid"]})
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
		values, err := parseAssignments(string(data))
		if err != nil {
			return fmt.Errorf("cannot read the account %s: %w", filepath.Join(dir, entry.Name()), err)
		}
		f(entry.Name(), values)
	}
	return nil
}

// Write writes the files below a directory, in which none of them exists yet.
// The same set gives the same bytes. Names must be valid (see Validate).
func (s Set) Write(dir string) error {
	for _, g := range s.Groups {
		if err := writeFile(filepath.Join(dir, groupsDir), g.Name, map[string]string{"gid": g.GID}); err != nil {
			return err
		}
	}
	for _, u := range s.Users {
		err := writeFile(filepath.Join(dir, usersDir), u.Name, map[string]string{
			"uid": u.UID, "group": u.Group, "password": u.Password, "description": u.Description,
			"homeDir": u.HomeDir, "shell": u.Shell,
			"createHomeDir": flag(u.CreateHomeDir), "createHomeDirOnly": flag(u.CreateHomeDirOnly),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func writeFile(dir, name string, values map[string]string) error {
	if why := badName(name); why != "" {
		return fmt.Errorf("cannot write the account %q: the name %s", name, why)
	}
	var lines []string
	for key, value := range values {
		if strings.ContainsRune(value, 0) {
			return fmt.Errorf("cannot write the account %q: its %s has a NUL character", name, key)
		}
		if value != "" {
			lines = append(lines, key+"='"+strings.ReplaceAll(value, "'", `'\''`)+"'\n")
		}
	}
	sort.Strings(lines)
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err == nil {
			_, err = f.WriteString(strings.Join(lines, ""))
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write the account %q: %w", name, err)
	}
	return nil
}
