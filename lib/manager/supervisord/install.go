package supervisord

import (
	"bytes"
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
)

// marker begins the first line of a file in conf.d that is ours; the path of
// the profile follows. It is a comment for supervisord.
const marker = "; Written by nixproc for the profile "

// Install puts the files of units into conf.d, as copies: a link would dangle
// after its generation was collected as garbage.
func (m Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	dir := filepath.Join(m.ConfDir, "conf.d")
	wanted := map[string][]byte{} // path -> content
	for _, unit := range there {
		for _, source := range unit.Installs {
			content, err := os.ReadFile(source)
			if err != nil {
				return err
			}
			header := marker + strings.ReplaceAll(m.Profile, "\n", "?") + "\n"
			wanted[filepath.Join(dir, filepath.Base(source))] = append([]byte(header), content...)
		}
	}
	obsolete := map[string]bool{}
	for _, unit := range gone {
		for _, source := range unit.Installs {
			if path := filepath.Join(dir, filepath.Base(source)); wanted[path] == nil {
				obsolete[path] = true
			}
		}
	}

	var problems []error
	changed := map[string][]byte{}
	for path, content := range wanted {
		now, err := m.owned(path)
		problems = append(problems, err)
		if !bytes.Equal(now, content) {
			changed[path] = content
		}
	}
	for path := range obsolete {
		if now, _ := m.owned(path); now == nil {
			delete(obsolete, path) // it is gone, or it is someone else's now
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if len(changed)+len(obsolete) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		if err := replace(path, changed[path]); err != nil {
			return err
		}
	}
	for path := range obsolete {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return m.reread(ctx)
}

// owned gives what a file in conf.d holds that may be replaced: one that we
// wrote for this profile, or a link that the older tools made (for which the
// content is empty). It is nil if there is none.
func (m Manager) owned(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		if err == nil && m.StoreDir != "" && strings.HasPrefix(target, m.StoreDir+"/") {
			return []byte{}, nil
		}
		return nil, fmt.Errorf("%s is a link to %s, which nixproc did not make: remove it first", path, target)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is in the way: it is no file", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	owner, ours := strings.CutPrefix(first, marker)
	switch {
	case !ours:
		return nil, fmt.Errorf("%s is in the way: nixproc did not write it; move it away, or give the process another name", path)
	case owner != strings.ReplaceAll(m.Profile, "\n", "?"):
		return nil, fmt.Errorf("%s belongs to the profile %s: two profiles can't have a process of the same name here", path, owner)
	}
	return content, nil
}

// replace writes a file so that who reads it sees all of it or the one before.
// The name of the temporary file begins with a dot, which conf.d/* leaves out.
func replace(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".nixproc-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
