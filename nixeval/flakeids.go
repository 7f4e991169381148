package nixeval

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/run"
)

// The files of a flake are imported by Nix itself, so nothing can be diverted
// there. A copy of the flake with the new file of IDs in it is what the flake
// will be once that file is in place.

// inFlake gives the place in the flake of the file of IDs, "" if it is elsewhere.
func (r Request) inFlake() string {
	if r.NewIDs == nil || r.Flake == nil || r.Flake.Root == "" {
		return ""
	}
	for _, path := range r.NewIDs.Paths {
		if inside, ok := strings.CutPrefix(path, r.Flake.Root+"/"); ok {
			return inside
		}
	}
	return ""
}

func (r *Request) withNewIDs(ctx context.Context, runner run.Runner) error {
	inside := r.inFlake()
	if inside == "" {
		return nil
	}
	if err := r.copied(ctx, runner); err != nil {
		return err
	}
	target := filepath.Join(r.Flake.Tree, inside)
	if r.Flake.Git && !exists(target) {
		return &ModelError{Text: fmt.Sprintf("--ids: %s is not part of the flake, since Git does not track it: make it, with { ids = { }; } in it, run git add for it, and switch again", filepath.Join(r.Flake.Root, inside))}
	}
	text, err := os.ReadFile(r.NewIDs.File)
	if err != nil {
		return err
	}
	return os.WriteFile(target, text, 0o644)
}

// isNewIDs says whether a file in the store is that of the new IDs in the flake's
// copy.
func (r Request) isNewIDs(file string) bool {
	match := inCopy.FindStringSubmatch(file)
	if match == nil || match[1] != r.inFlake() {
		return false
	}
	theirs, err := os.ReadFile(file)
	ours, oursErr := os.ReadFile(r.NewIDs.File)
	return err == nil && oursErr == nil && bytes.Equal(theirs, ours)
}
