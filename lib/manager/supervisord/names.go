package supervisord

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
)

// Two programs of one name are one to supervisord, whatever files they stand in: who
// adds the second has the first stopped, or runs a mixture of both.

// isOurs says whether the program of a unit's name that supervisord has is this
// profile's, or may be taken for it: its file is where we or the older tools put it,
// or the current generation has it, and somebody has deleted the file.
func (m Manager) isOurs(unit manager.Unit) bool {
	conf := m.place()
	for name := range sources([]manager.Unit{unit}) {
		_, err := os.Lstat(filepath.Join(conf.Path, name))
		if conf.MayPut(name) != nil || err != nil && !conf.Holds(m.Profile, name) {
			return false
		}
	}
	return true
}

// namesAreFree says whether a program of somebody else's has the name of one in the
// units.
func (m Manager) namesAreFree(ctx context.Context, units []manager.Unit) error {
	theirs := m.namesOfOthers(sources(units))
	var problems []error
	unknown := map[string]bool{}
	for _, unit := range units {
		for _, name := range namesIn(unit.File) {
			if file := theirs[name]; file != "" {
				problems = append(problems, fmt.Errorf("%s is in the way: it has a program '%s', and nixproc did not put it there; remove that, or give the process another name", file, name))
			} else if !m.isOurs(unit) {
				unknown[name] = true
			}
		}
	}
	if len(unknown) == 0 {
		return errors.Join(problems...)
	}
	server, err := m.connect()
	if err != nil {
		return err
	}
	processes, err := server.processes(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		if len(processes[name]) > 0 {
			problems = append(problems, fmt.Errorf("supervisord's program '%s' is in the way: no file of nixproc's is in %s for it; stop it and remove it (%s), or give the process another name",
				name, m.place().Path, m.Command("remove", manager.Unit{Name: name})))
		}
	}
	return errors.Join(problems...)
}

// namesOfOthers are the programs and groups, with the file of each, in what
// supervisord reads but for the files to put there, and those that may be replaced.
func (m Manager) namesOfOthers(wanted map[string]string) map[string]string {
	conf := m.place()
	here, _ := filepath.EvalSymlinks(conf.Path)
	found := map[string]string{}
	for _, file := range append(m.included(), m.config()) {
		dir, _ := filepath.EvalSymlinks(filepath.Dir(file))
		name := filepath.Base(file)
		if dir == here && (wanted[name] != "" || conf.MayPut(name) == nil) {
			continue
		}
		for _, program := range namesIn(file) {
			found[program] = file
		}
	}
	return found
}

// included are the files that supervisord.conf has read besides; all in conf.d where
// there is none.
func (m Manager) included() (files []string) {
	patterns := "conf.d/*"
	if content, err := os.ReadFile(m.config()); err == nil {
		include, _ := sectionIn(string(content), "include")
		patterns = include["files"]
	}
	for pattern := range strings.FieldsSeq(patterns) {
		pattern, err := m.expand(pattern)
		if err != nil {
			continue
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(m.ConfDir, pattern)
		}
		matches, _ := filepath.Glob(pattern)
		for _, file := range matches {
			if !strings.HasPrefix(filepath.Base(file), ".") { // as Python's glob has it
				files = append(files, file)
			}
		}
	}
	return files
}

// namesIn are what a file makes groups of, and the programs in them.
func namesIn(file string) (names []string) {
	content, _ := os.ReadFile(file) // supervisord itself tells of one that can't be read
	for _, section := range allSections(content) {
		names = append(names, strings.TrimSpace(section.name))
	}
	return names
}
