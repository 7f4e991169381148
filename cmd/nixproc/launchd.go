package main

import (
	"fmt"
	"os"
	"path/filepath"

	"nixproc/lib/manager"
	"nixproc/lib/manager/launchd"
	"nixproc/lib/run"
	"nixproc/nixeval"
)

// newLaunchd takes the system's daemons for root, and the agents of a user for
// others: in the domain of the graphical login, or else in that of the user.
func (s *session) newLaunchd(o *options) (manager.Manager, error) {
	if o.profile == "" { // a command that has no profile, nor installs one
		return launchd.Manager{}, nil
	}
	where, err := locate(o.profile)
	if err != nil {
		return nil, err
	}
	dir, err := launchdDir()
	if err != nil {
		return nil, err
	}
	m := launchd.Manager{Runner: run.Host{}, Domain: "system", Dir: dir, Profile: where.Path(), Store: nixeval.StoreDir()}
	if user := os.Getuid(); user != 0 {
		m.Domain = fmt.Sprintf("gui/%d", user)
		if _, err := m.Runner.Run(s.ctx, run.Command{Args: []string{"launchctl", "print", m.Domain}}); err != nil {
			m.Domain = fmt.Sprintf("user/%d", user)
		}
	}
	return m, nil
}

// launchdDir is where launchd looks for plists that no package brought: see
// FILES in launchd.plist(5).
func launchdDir() (string, error) {
	dir := os.Getenv("LAUNCHD_TARGET_DIR")
	switch {
	case dir != "":
		return filepath.Abs(dir)
	case os.Getuid() == 0:
		return "/Library/LaunchDaemons", nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, "Library/LaunchAgents"), err
}
