// Package supervisord starts and stops programs by supervisord, through the
// interface that its command supervisorctl uses. It knows programs, their files
// in conf.d and the states that supervisord gives them; what is to run, and in
// which order, it is told.
package supervisord

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
)

// Manager asks the supervisord that the configuration in ConfDir is of: left
// alone, supervisorctl would take what lies in the working directory.
type Manager struct {
	ConfDir  string // has supervisord.conf and conf.d; "" is an error once it is needed
	Profile  string // whose programs these are; it stands in their files in conf.d
	StoreDir string // links that lead into it are those of the older tools
	Seen     string // the profile's file for what supervisord has started; "" for none
}

// Name of the manager.
func (Manager) Name() string { return "supervisord" }

func (m Manager) config() string { return filepath.Join(m.ConfDir, "supervisord.conf") }

// Command is the line that a person would type.
func (m Manager) Command(verb string, unit manager.Unit) string {
	which := []string{"-c", m.config()}
	if _, err := os.Stat(m.config()); errors.Is(err, fs.ErrNotExist) {
		which = []string{"-s", usualAddress}
	}
	return quote.ShellWords("supervisorctl", which[0], which[1], verb, unit.Name)
}

// reread has supervisord read its configuration again, which changes nothing of
// what runs.
func (m Manager) reread(ctx context.Context) error {
	server, err := m.connect()
	if err == nil {
		_, err = server.call(ctx, "supervisor.reloadConfig")
	}
	if refusal, ok := errors.AsType[*fault](err); ok {
		return fmt.Errorf("supervisord can't read its configuration: %w", refusal)
	}
	return err
}

// Start starts one unit.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	return m.StartAll(ctx, []manager.Unit{unit})[unit.Name]
}

// Stop stops one unit.
func (m Manager) Stop(ctx context.Context, unit manager.Unit) error {
	return m.StopAll(ctx, []manager.Unit{unit})[unit.Name]
}

// StartAll adds the units to what supervisord runs, those of a level together,
// and waits until it says of them that they run: supervisord itself would start
// all of them at once.
func (m Manager) StartAll(ctx context.Context, units []manager.Unit) map[string]error {
	server, err := m.connect()
	if err == nil {
		err = m.reread(ctx)
	}
	if err != nil {
		return manager.AllFailed(units, err)
	}
	failed := server.startLevels(ctx, units)
	if err := m.remember(ctx, server, units); err != nil && len(failed) == 0 {
		return manager.AllFailed(units, err)
	}
	return failed
}

// startLevels starts one level after the other, up to one in which a unit fails.
func (s *server) startLevels(ctx context.Context, units []manager.Unit) map[string]error {
	for _, level := range manager.Levels(units) {
		failed := s.start(ctx, level)
		if len(failed) == 0 {
			continue
		}
		for _, unit := range units {
			if unit.Rank > level[0].Rank {
				failed[unit.Name] = errors.New("it was not started, because something before it failed")
			}
		}
		return failed
	}
	return nil
}

// start starts units that do not depend on each other.
func (s *server) start(ctx context.Context, units []manager.Unit) map[string]error {
	// One that ended is forgotten first: supervisord would start it as its
	// file was when it was added.
	if failed := s.stop(ctx, units); len(failed) > 0 {
		return failed
	}
	refused, err := s.all(ctx, "supervisor.addProcessGroup", names(units))
	if err != nil {
		return manager.AllFailed(units, err)
	}
	if len(refused) > 0 {
		return refused
	}
	return s.await(ctx, units)
}

// StopAll stops the units, those of a level together, and has supervisord
// forget them: what it does not know it can't start again. What one before it has
// left of them ends, too.
func (m Manager) StopAll(ctx context.Context, units []manager.Unit) map[string]error {
	server, err := m.connect()
	if err != nil {
		return manager.AllFailed(units, err)
	}
	itself, err := server.pid(ctx)
	if err != nil {
		return manager.AllFailed(units, err)
	}
	all := m.lost(server, itself, units)
	failed := map[string]error{}
	for _, level := range manager.Levels(units) {
		maps.Copy(failed, server.stop(ctx, level))
		maps.Copy(failed, endLost(ctx, of(level, all)))
	}
	if err := m.forget(units, failed); err != nil {
		return manager.AllFailed(units, err)
	}
	return failed
}

// stop tells supervisord to stop the units, all at once, waits until they have
// ended, and removes them.
func (s *server) stop(ctx context.Context, units []manager.Unit) map[string]error {
	processes, err := s.processes(ctx)
	if err != nil {
		return manager.AllFailed(units, err)
	}
	var known, told []string
	for _, unit := range units {
		if group := processes[unit.Name]; len(group) > 0 {
			known = append(known, unit.Name)
			for _, one := range group {
				if one.alive() && one.state != "STOPPING" {
					told = append(told, one.name)
				}
			}
		}
	}
	if len(known) == 0 {
		return nil
	}
	refused, err := s.all(ctx, "supervisor.stopProcess", told, false)
	if err != nil {
		return manager.AllFailed(units, err)
	}
	failed := map[string]error{}
	for name, err := range refused {
		// One that has just ended by itself is stopped all the same.
		if refusal, ok := errors.AsType[*fault](err); !ok || refusal.code != notRunning {
			group, _, _ := strings.Cut(name, ":")
			failed[group] = fmt.Errorf("supervisord can't stop it: %w", err)
		}
	}
	if len(failed) > 0 {
		return failed
	}
	// supervisord itself kills what does not end within its stopwaitsecs.
	for alive := true; alive; {
		if processes, err = s.processes(ctx); err != nil {
			return manager.AllFailed(units, err)
		}
		alive = slices.ContainsFunc(known, func(name string) bool { return slices.ContainsFunc(processes[name], process.alive) })
		if alive {
			select {
			case <-ctx.Done():
				return manager.AllFailed(units, ctx.Err())
			case <-time.After(pollEvery):
			}
		}
	}
	if failed, err = s.all(ctx, "supervisor.removeProcessGroup", known); err != nil {
		return manager.AllFailed(units, err)
	}
	for name, err := range failed {
		failed[name] = fmt.Errorf("supervisord still has it as %s: %w", processes[name][0].state, err)
	}
	return failed
}

func names(units []manager.Unit) []string {
	all := make([]string, len(units))
	for i, unit := range units {
		all[i] = unit.Name
	}
	return all
}
