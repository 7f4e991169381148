package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"nixproc/lib/manager/bsdrc"
	"nixproc/lib/manager/cygrunsrv"
	"nixproc/lib/manager/disnix"
	"nixproc/lib/manager/docker"
	"nixproc/lib/manager/launchd"
	"nixproc/lib/manager/s6rc"
	"nixproc/lib/manager/supervisord"
	"nixproc/lib/manager/systemd"
	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/manifest"
)

// merger puts the trees of packages into the files of a profile, as Nixpkgs'
// buildEnv would: directories are joined, everything else is linked to. Two
// packages may bring the same file if it has the same content.
type merger struct{ files Tree }

func newMerger(files Tree) merger { return merger{files} }

// add merges one package and gives the entries of the processes in it.
func (m merger) add(merge Merge, managerName string) ([]manifest.Process, error) {
	if err := m.walk(merge, "."); err != nil {
		return nil, err
	}
	for path, file := range merge.Ordered {
		m.files[path] = file
	}
	if !merge.Foreign && merge.Replaced == nil {
		return nil, nil // accounts only
	}
	found, err := scan(managerName, merge)
	if err != nil {
		return nil, err
	}
	for i := range found {
		entry := &found[i]
		entry.Foreign = merge.Foreign
		if entry.Name != merge.Process {
			continue
		}
		entry.Attribute, entry.Attributes = merge.Entry.Attribute, merge.Entry.Attributes
		entry.Readiness = merge.Entry.Readiness
		if !merge.Foreign {
			// The rendered specification says all of it but what the files are.
			files := entry.Files
			*entry = merge.Entry
			entry.Files = files
		}
	}
	return found, nil
}

// scan reads the processes in a tree that has no manifest.
func scan(managerName string, merge Merge) ([]manifest.Process, error) {
	switch {
	case managerName == "s6-rc":
		return s6rc.Scan(merge.Tree)
	case managerName == "docker":
		return docker.Scan(merge.Tree)
	case managerName == "bsdrc":
		return bsdrc.Scan(merge.Tree)
	case managerName == "cygrunsrv" && merge.Foreign:
		return cygrunsrv.Scan(merge.Tree)
	case managerName == "cygrunsrv":
		return cygrunsrv.ScanPackage(merge.Tree, merge.Process, merge.Entry.Unit)
	case managerName == "launchd" && merge.Foreign:
		return launchd.Scan(merge.Tree)
	case managerName == "launchd":
		return launchd.ScanPackage(merge.Tree, merge.Process, merge.Entry.Unit)
	case managerName == "disnix":
		process, err := disnix.ScanPackage(merge.Tree, merge.Process)
		return []manifest.Process{process}, err
	case managerName == "sysvinit":
		return sysvinit.Scan(merge.Tree)
	case managerName == "supervisord":
		return supervisord.Scan(merge.Tree)
	case managerName == "systemd" && merge.Foreign:
		return systemd.Scan(merge.Tree)
	case managerName == "systemd":
		return systemd.ScanPackage(merge.Tree, merge.Process, merge.Entry.Unit)
	}
	return nil, fmt.Errorf("packages for %s can't be merged", managerName)
}

// walk merges what is at a path of the package's tree.
func (m merger) walk(merge Merge, at string) error {
	source := filepath.Join(merge.Tree, at)
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		relative := path.Join(at, entry.Name())
		if merge.Replaced != nil && merge.Replaced(relative) || relative == "nix-support" {
			continue
		}
		info, err := os.Stat(filepath.Join(merge.Tree, relative))
		switch {
		case errors.Is(err, fs.ErrNotExist): // a dangling link is kept as it is
		case err != nil:
			return err
		case info.IsDir():
			if err := m.walk(merge, relative); err != nil {
				return err
			}
			continue
		}
		if merge.Reordered != nil {
			content, err := os.ReadFile(filepath.Join(merge.Tree, relative))
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // as above
				return err
			}
			if content, has := merge.Reordered(relative, content); has {
				m.files[relative] = File{Content: content}
				continue
			}
		}
		if err := m.link(filepath.Join(merge.Tree, relative), relative); err != nil {
			return err
		}
	}
	return nil
}

func (m merger) link(source, relative string) error {
	other, taken := m.files[relative]
	if !taken {
		m.files[relative] = File{Link: source}
		return nil
	}
	same, err := sameFile(other, source)
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("%s comes from another process too, with another content", relative)
	}
	return nil
}

// sameFile compares a file of the profile with one of a package: links by where
// they lead, be there something or not, or else by content.
func sameFile(other File, source string) (bool, error) {
	if target, err := os.Readlink(source); err == nil {
		theirs, err := os.Readlink(other.Link)
		if same := other.Link == target || err == nil && theirs == target; same || !strings.HasPrefix(target, "/") {
			return same, nil
		}
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return false, err
	}
	if other.Link == "" {
		return bytes.Equal(content, other.Content), nil
	}
	theirs, err := os.ReadFile(other.Link)
	return err == nil && bytes.Equal(content, theirs), nil
}
