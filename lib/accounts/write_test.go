package accounts

import (
	"os"
	"path/filepath"
)

// write writes the files of a set below a directory.
func write(set Set, dir string) error {
	for path, content := range set.files() {
		target := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
