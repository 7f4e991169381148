package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxLinks is how many links may follow each other (Linux has the same limit).
const maxLinks = 40

// walk follows a path as far as it exists: to the last directory, and the
// names that are missing below it.
func (m maker) walk(path string) (place, []string, error) {
	if !filepath.IsAbs(path) {
		return place{}, nil, errors.New("the path is not absolute")
	}
	links := 0
	return m.follow(m.root, split(path), &links)
}

func (m maker) follow(from string, names []string, links *int) (place, []string, error) {
	info, err := os.Lstat(from)
	if err != nil {
		return place{}, nil, err
	}
	at := place{from, info}
	for i, name := range names {
		switch name {
		case ".":
			continue
		case "..":
			if at.path != m.root {
				at.path = filepath.Dir(at.path)
			}
			if at.info, err = os.Lstat(at.path); err != nil {
				return place{}, nil, err
			}
			continue
		}
		path := filepath.Join(at.path, name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return at, names[i:], nil
		case err != nil:
			return place{}, nil, err
		case info.IsDir():
			if err := private(path, info); err != nil {
				return place{}, nil, err
			}
			at = place{path, info}
		case info.Mode()&fs.ModeSymlink != 0:
			if at, err = m.target(at.path, path, info, links); err != nil {
				return place{}, nil, err
			}
		default:
			return place{}, nil, fmt.Errorf("%s is a file, not a directory: remove it, or name another directory", path)
		}
	}
	return at, nil, nil
}

// target follows a link to the directory that it stands for.
func (m maker) target(dir, link string, info fs.FileInfo, links *int) (place, error) {
	if owner, ours := ownerOf(info); !ours {
		return place{}, fmt.Errorf("%s is a link that belongs to user %d, who could turn it elsewhere: remove it, or name another directory", link, owner)
	}
	if *links++; *links > maxLinks {
		return place{}, fmt.Errorf("%s: %w", link, syscall.ELOOP)
	}
	to, err := os.Readlink(link)
	if err != nil {
		return place{}, err
	}
	if filepath.IsAbs(to) {
		dir = m.root
	}
	at, missing, err := m.follow(dir, split(to), links)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%s is a link to %s, which does not exist: make that directory, or remove the link", link, to)
	}
	return at, err
}
