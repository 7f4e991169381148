package main

import (
	"os"
	"path/filepath"

	"nixproc/lib/manager"
	"nixproc/lib/manager/systemd"
	"nixproc/lib/run"
	"nixproc/nixeval"
)

func newSystemd(o *options) (manager.Manager, error) {
	dir, err := systemdDir(o.userUnits)
	if err != nil {
		return nil, err
	}
	m := &systemd.Manager{Runner: run.Host{}, User: o.userUnits, Dir: dir, Store: nixeval.StoreDir()}
	if o.profile != "" { // what only builds has none
		where, err := locate(o.profile)
		if err != nil {
			return nil, err
		}
		m.Profile = where.Path()
	}
	return m, nil
}

// systemdDir is where unit files of the system or of the user belong that no
// package brought: systemd.unit(5).
func systemdDir(user bool) (string, error) {
	dir := os.Getenv("SYSTEMD_TARGET_DIR")
	if dir == "" && !user {
		return "/etc/systemd/system", nil
	}
	if dir != "" {
		return filepath.Abs(dir)
	}
	config, err := os.UserConfigDir()
	return filepath.Join(config, "systemd/user"), err
}
