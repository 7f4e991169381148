package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/accounts"
	"nixproc/lib/replace"
)

// found is the file that remembers which accounts existed before a deployment
// asked for them: they are somebody's, so no deployment removes them.
func (t Target) found() string { return filepath.Join(t.Profile.WorkDir(), "found-accounts.json") }

func (t Target) readFound() (accounts.Set, error) {
	var set accounts.Set
	data, err := os.ReadFile(t.found())
	if errors.Is(err, fs.ErrNotExist) {
		return set, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &set)
	}
	if err != nil {
		return set, fmt.Errorf("which accounts existed before can't be told: %w", err)
	}
	return set, nil
}

// RememberFound notes accounts that existed already, but for those that are
// ours. Those that another profile has are that profile's, and go with the last
// of them.
func (t Target) RememberFound(set, ours accounts.Set) error {
	set, _ = accounts.Diff(ours, set)
	set, err := t.withoutSiblings(set)
	if err != nil {
		return err
	}
	before, err := t.readFound()
	if err != nil {
		return err
	}
	set, _ = accounts.Diff(before, set)
	if set.Empty() {
		return nil
	}
	before.Groups = append(before.Groups, set.Groups...)
	before.Users = append(before.Users, set.Users...)
	data, err := json.Marshal(before)
	if err != nil {
		return err
	}
	return replace.File(t.found(), data, 0o600)
}

// unneeded leaves out the accounts that another profile needs, and those that
// existed before.
func (t Target) unneeded(set accounts.Set) (accounts.Set, error) {
	if set.Empty() {
		return set, nil
	}
	before, err := t.readFound()
	if err != nil {
		return set, err
	}
	_, set = accounts.Diff(set, before)
	return t.withoutSiblings(set)
}

// withoutSiblings leaves out the accounts that the current generation of another
// profile in the same directory has.
func (t Target) withoutSiblings(set accounts.Set) (accounts.Set, error) {
	others, err := t.Profile.Siblings()
	if err != nil {
		return set, err
	}
	for _, other := range others {
		needed, err := readAccounts(other)
		if err != nil {
			return set, err
		}
		_, set = accounts.Diff(set, needed)
	}
	return set, nil
}
