// Package render turns a processes model into the files of a profile, one Go
// file for each process manager. It decides what files say, and which of their
// contents a running process depends on. It does not know what runs, and it
// reads nothing but the trees of packages that were built elsewhere.
package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manifest"
)

// File is a regular file, or a symbolic link where Link is set.
type File struct {
	Content    []byte
	Executable bool
	Link       string
}

// Tree is a set of files by their slash-separated relative paths.
type Tree map[string]File

// Write makes the tree below dir, which it creates.
func (t Tree) Write(dir string) error {
	made := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(t)) {
		file := t[path]
		target := filepath.Join(dir, path)
		if parent := filepath.Dir(target); !made[parent] {
			if err := os.MkdirAll(parent, 0o755); err != nil {
				return err
			}
			made[parent] = true
		}
		if file.Link != "" {
			if err := os.Symlink(file.Link, target); err != nil {
				return err
			}
			continue
		}
		mode := os.FileMode(0o644)
		if file.Executable {
			mode = 0o755
		}
		if err := os.WriteFile(target, file.Content, mode); err != nil {
			return err
		}
	}
	return os.MkdirAll(dir, 0o755)
}

// keyOf is the digest of the data in its canonical form: JSON with the fields
// in the order of the type and the keys of maps sorted.
func keyOf(data any) (string, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("restart key: %w", err)
	}
	return manifest.Digest(text), nil
}

// lines is a file with one word a line.
func lines(words []string) []byte {
	var text strings.Builder
	for _, word := range words {
		text.WriteString(word + "\n")
	}
	return []byte(text.String())
}
