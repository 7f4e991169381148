package rootfs

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// moment is when everything in an image was changed last, as in a Nix store.
var moment = time.Unix(1, 0)

// Write writes the tree without its root.
func (t *Tree) Write(w *tar.Writer) error {
	for _, name := range t.paths() {
		if name == "/" {
			continue
		}
		if err := t.nodes[name].write(w, name); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (n node) write(w *tar.Writer, name string) error {
	header := &tar.Header{
		Name: name[1:], Typeflag: n.kind, Mode: n.mode, Uid: n.uid, Gid: n.gid,
		Linkname: n.target, Size: int64(len(n.text)), ModTime: moment, Format: tar.FormatPAX,
	}
	if n.kind == directory {
		header.Name += "/"
	}
	if n.source == "" {
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.WriteString(w, n.text)
		return err
	}
	source, err := os.Open(n.source)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, source)
	return err
}

// WriteStorePaths writes paths of the store as they are, and in front of each the
// directories above it: a layer that lacks them may get others than the tree's.
func (t *Tree) WriteStorePaths(w *tar.Writer, paths []string) error {
	written := map[string]bool{}
	for _, top := range paths {
		for _, dir := range above(top) {
			if n, found := t.nodes[dir]; found && !written[dir] {
				written[dir] = true
				if err := n.write(w, dir); err != nil {
					return err
				}
			}
		}
		if err := filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			n, err := stored(name, entry)
			if err != nil {
				return err
			}
			return n.write(w, name)
		}); err != nil {
			return err
		}
	}
	return w.Flush()
}

// stored is an entry of the store: of modes, only whether a file can be executed
// is known there.
func stored(name string, entry fs.DirEntry) (node, error) {
	switch entry.Type() {
	case fs.ModeDir:
		return node{kind: directory, mode: 0o555}, nil
	case fs.ModeSymlink:
		target, err := os.Readlink(name)
		return node{kind: link, mode: 0o777, target: target}, err
	}
	info, err := entry.Info()
	if err != nil {
		return node{}, err
	}
	if info.Mode()&0o111 != 0 {
		return node{kind: file, mode: 0o555, source: name}, nil
	}
	return node{kind: file, mode: 0o444, source: name}, nil
}
