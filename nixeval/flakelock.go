package nixeval

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// lockFile is what a flake's lock file says of its inputs.
type lockFile struct {
	Root  string
	Nodes map[string]struct {
		Inputs   map[string]any // the name of a node, or a list: the input of an input
		Original struct{ Type, ID string }
	}
}

// lockFile is that of a flake on this machine.
func (r Request) lockFile() string { return filepath.Join(r.Flake.Root, r.Flake.Dir, "flake.lock") }

// readLock reads a lock file; what is no such file is a ModelError.
func readLock(path string) (lock lockFile, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return lock, err
	}
	err = json.Unmarshal(text, &lock)
	if wrong, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		err = fmt.Errorf("byte %d ends %s, where something else is due", wrong.Offset, wrong.Value)
	}
	if _, has := lock.Nodes[lock.Root]; err == nil && !has {
		err = fmt.Errorf("it has no node %q, its root", lock.Root)
	}
	if err != nil {
		err = &ModelError{Text: fmt.Sprintf("%s is no lock file: %v\n  once it is out of the way, nix flake lock makes a new one", path, err)}
	}
	return lock, err
}

// lockError tells that Nix came to grief with the flake's lock file: its library for
// JSON says neither what it read nor where.
func (r Request) lockError(messages []message) error {
	if r.Flake == nil || r.Flake.Root == "" {
		return nil
	}
	for _, m := range messages {
		if m.File != nil || len(m.Trace) > 0 {
			continue // of builtins.fromJSON
		}
		if text := m.text(); strings.Contains(text, "[json.exception.") || strings.Contains(text, "json.hpp") {
			// It may be that of an input.
			_, err := readLock(r.lockFile())
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
	}
	return nil
}
