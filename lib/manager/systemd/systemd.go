// Package systemd runs processes as units of systemd: the system's or a user's.
// It knows unit files, the directory that systemd reads them from, and
// systemctl(1); what is to run it is told, and the order systemd knows itself.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager runs units. It is to be used by its address.
type Manager struct {
	Runner  run.Runner
	User    bool   // the units of the calling user, not the system's
	Dir     string // where systemd reads unit files from
	Profile string // path of the profile, which the files there name as their owner
	Store   string // the Nix store's directory

	stale atomic.Bool // systemd has not read all files as they are now
}

// Name of the manager.
func (*Manager) Name() string { return "systemd" }

// Command is the line that a person would type.
func (m *Manager) Command(verb string, unit manager.Unit) string {
	return quote.ShellWords(m.systemctl(verb, unitName(unit))...)
}

func (m *Manager) systemctl(arguments ...string) []string {
	line := []string{"systemctl"}
	if m.User {
		line = append(line, "--user")
	}
	return append(line, arguments...)
}

// properties of a unit, by org.freedesktop.systemd1(5).
type properties map[string]string

const asked = "--property=LoadState,ActiveState,SubState,MainPID,Result,Type,NeedDaemonReload"

// show asks for all units by one call.
func (m *Manager) show(ctx context.Context, names []string) ([]properties, error) {
	result, err := m.Runner.Run(ctx, run.Command{Args: m.systemctl(append([]string{"show", asked, "--"}, names...)...)})
	if err != nil {
		return nil, m.unreachable(err)
	}
	blocks := strings.Split(strings.Trim(result.Stdout, "\n"), "\n\n")
	if len(blocks) != len(names) {
		return nil, m.unreachable(fmt.Errorf("systemctl show told of %d units, not of %d", len(blocks), len(names)))
	}
	all := make([]properties, len(names))
	for i, block := range blocks {
		all[i] = properties{}
		for line := range strings.Lines(block) {
			if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
				all[i][name] = value
			}
		}
		if all[i]["LoadState"] == "" || all[i]["ActiveState"] == "" {
			return nil, m.unreachable(fmt.Errorf("systemctl show told nothing of %s", names[i]))
		}
	}
	return all, nil
}

// unreachable says why systemd can't be asked, where that is known.
func (m *Manager) unreachable(err error) error {
	if m.User {
		return fmt.Errorf("the systemd of this user can't be asked: is it running, and is XDG_RUNTIME_DIR set (a login does both, or loginctl enable-linger)? %w", err)
	}
	// sd_booted(3)
	if _, statErr := os.Stat("/run/systemd/system"); errors.Is(statErr, fs.ErrNotExist) {
		return fmt.Errorf("systemd does not run this machine: use another process manager, or --user with a systemd of your own: %w", err)
	}
	return err
}
