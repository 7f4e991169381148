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

// The files that remember accounts. Those that existed before a deployment asked for
// them are somebody's, so no deployment removes them. Those that one left, for they
// were in use, are nobody's, and each switch tries again.
const (
	foundAccounts = "found-accounts.json"
	leftAccounts  = "left-accounts.json"
)

func (t Target) remembered(file string) (accounts.Set, error) {
	var set accounts.Set
	data, err := os.ReadFile(filepath.Join(t.Profile.WorkDir(), file))
	if errors.Is(err, fs.ErrNotExist) {
		return set, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &set)
	}
	if err != nil {
		return set, fmt.Errorf("which accounts existed before, or were left, can't be told: %w", err)
	}
	return set, nil
}

func (t Target) remember(file string, set accounts.Set) error {
	path := filepath.Join(t.Profile.WorkDir(), file)
	if set.Empty() {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.Marshal(set)
	if err != nil {
		return err
	}
	return replace.File(path, data, 0o600)
}

// RememberLeft notes accounts that could not be removed.
func (t Target) RememberLeft(set accounts.Set) error { return t.remember(leftAccounts, set) }

// RememberFound notes accounts that existed already, but for those that are
// ours. Those that another profile has are that profile's, and go with the last
// of them.
func (t Target) RememberFound(set, ours accounts.Set) error {
	set, _ = accounts.Diff(ours, set)
	set, err := t.withoutSiblings(set)
	if err != nil {
		return err
	}
	before, err := t.remembered(foundAccounts)
	if err != nil {
		return err
	}
	set, _ = accounts.Diff(before, set)
	if set.Empty() {
		return nil
	}
	before.Groups = append(before.Groups, set.Groups...)
	before.Users = append(before.Users, set.Users...)
	return t.remember(foundAccounts, before)
}

// unneeded leaves out the accounts that another profile needs, and those that
// existed before.
func (t Target) unneeded(set accounts.Set) (accounts.Set, error) {
	if set.Empty() {
		return set, nil
	}
	before, err := t.remembered(foundAccounts)
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
