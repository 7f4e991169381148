package profile

import (
	"path/filepath"
)

// Coordinator finds the profile in which Disnix keeps the manifests of what was
// deployed: NAME in ${NIX_STATE_DIR:-/nix/var/nix}/profiles/per-user/LOGIN/disnix-coordinator,
// or in $NIX_USER_PROFILE_DIR/disnix-coordinator. own says that this is where
// Disnix looks by itself.
func Coordinator(name, login string, env func(string) string) (p Profile, own bool, err error) {
	if err := checkName(name); err != nil {
		return Profile{}, false, err
	}
	const directory = "disnix-coordinator"
	usual := filepath.Join(defaultStateDir, "profiles/per-user", login, directory)
	p = Profile{Name: name, StateDir: defaultStateDir, Dir: usual}
	if dir := env("NIX_STATE_DIR"); dir != "" {
		if p.StateDir, err = filepath.Abs(dir); err != nil {
			return p, false, err
		}
		p.Dir = filepath.Join(p.StateDir, "profiles/per-user", login, directory)
	}
	if dir := env("NIX_USER_PROFILE_DIR"); dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return p, false, err
		}
		p.Dir = filepath.Join(dir, directory)
	}
	return p, p.Dir == usual, nil
}
