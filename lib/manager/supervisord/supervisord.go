// Package supervisord starts and stops programs by supervisord, through its
// command supervisorctl. It knows programs, their files in conf.d and the states
// that supervisord gives them; what is to run, and in which order, it is told.
package supervisord

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Manager calls supervisorctl, and always says which supervisord is meant: left
// alone, it would take what lies in the working directory.
type Manager struct {
	Runner   run.Runner
	ConfDir  string // has supervisord.conf and conf.d; "" is an error once it is needed
	Profile  string // whose programs these are; it stands in their files in conf.d
	StoreDir string // links that lead into it are those of the older tools
}

// Name of the manager.
func (Manager) Name() string { return "supervisord" }

func (m Manager) config() string { return filepath.Join(m.ConfDir, "supervisord.conf") }

// usualAddress is where supervisord listens by the configuration that profiles
// have.
const usualAddress = "http://localhost:9001"

// supervisorctl is the beginning of every command line. A supervisord that was
// deployed as a process may have its configuration in the Nix store, and no more
// than conf.d where programs go.
func (m Manager) supervisorctl() []string {
	if _, err := os.Stat(m.config()); errors.Is(err, fs.ErrNotExist) {
		return []string{"supervisorctl", "-s", usualAddress}
	}
	return []string{"supervisorctl", "-c", m.config()}
}

// Command is the line that a person would type.
func (m Manager) Command(verb string, unit manager.Unit) string {
	return quote.ShellWords(append(m.supervisorctl(), verb, unit.Name)...)
}

// ctl runs supervisorctl, which prints errors to stdout.
func (m Manager) ctl(ctx context.Context, words ...string) (string, error) {
	if m.ConfDir == "" {
		return "", errors.New("nobody said where supervisord's configuration is: set SUPERVISORD_CONF_DIR to the directory of its supervisord.conf")
	}
	result, err := m.Runner.Run(ctx, run.Command{Args: append(m.supervisorctl(), words...)})
	if said := strings.TrimSpace(result.Stdout); err != nil && said != "" {
		err = fmt.Errorf("%w; it printed:\n  %s", err, strings.ReplaceAll(said, "\n", "\n  "))
	}
	return result.Stdout, err
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
	_, err := m.ctl(ctx, "reread")
	if err != nil {
		return each(units, err)
	}
	for level := range levels(units) {
		failed := m.start(ctx, level)
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
func (m Manager) start(ctx context.Context, units []manager.Unit) map[string]error {
	// One that ended is forgotten first: supervisord would start it as its
	// file was when it was added.
	if failed := m.stop(ctx, units); len(failed) > 0 {
		return failed
	}
	if _, err := m.ctl(ctx, append([]string{"add"}, names(units)...)...); err != nil {
		return each(units, err)
	}
	return m.await(ctx, units)
}

// StopAll stops the units, those of a level together, and has supervisord
// forget them: what it does not know it can't start again.
func (m Manager) StopAll(ctx context.Context, units []manager.Unit) map[string]error {
	failed := map[string]error{}
	for level := range levels(units) {
		for name, err := range m.stop(ctx, level) {
			failed[name] = err
		}
	}
	return failed
}

// stopsAtOnce is how many units are stopped side by side: supervisorctl stops
// one after the other, and waits for the end of each.
const stopsAtOnce = 8

func (m Manager) stop(ctx context.Context, units []manager.Unit) map[string]error {
	processes, err := m.processes(ctx)
	if err != nil {
		return each(units, err)
	}
	var known, alive []string
	for _, unit := range units {
		group := processes[unit.Name]
		if len(group) == 0 {
			continue
		}
		known = append(known, unit.Name)
		if slices.ContainsFunc(group, process.alive) {
			alive = append(alive, unit.Name+":*")
		}
	}
	if len(known) == 0 {
		return nil
	}
	var (
		stopping sync.WaitGroup
		problems = make([]error, stopsAtOnce)
	)
	for i, part := range parts(alive, stopsAtOnce) {
		stopping.Go(func() { _, problems[i] = m.ctl(ctx, append([]string{"stop"}, part...)...) })
	}
	stopping.Wait()
	// What is wrong with one is seen below; what supervisorctl said of it is
	// the reason.
	_, removeErr := m.ctl(ctx, append([]string{"remove"}, known...)...)
	if processes, err = m.processes(ctx); err != nil {
		return each(units, err)
	}
	failed := map[string]error{}
	for _, unit := range units {
		if group := processes[unit.Name]; len(group) > 0 {
			failed[unit.Name] = errors.Join(append(problems, removeErr, fmt.Errorf("supervisord still has it as %s", group[0].state))...)
		}
	}
	return failed
}

// parts deals words out to at most n lists.
func parts(words []string, n int) [][]string {
	dealt := make([][]string, min(n, len(words)))
	for i, word := range words {
		dealt[i%n] = append(dealt[i%n], word)
	}
	return dealt
}

// levels gives the units of equal rank together, in the order in which they
// come.
func levels(units []manager.Unit) func(func([]manager.Unit) bool) {
	return func(yield func([]manager.Unit) bool) {
		for start := 0; start < len(units); {
			end := start
			for end < len(units) && units[end].Rank == units[start].Rank {
				end++
			}
			if !yield(units[start:end]) {
				return
			}
			start = end
		}
	}
}

func names(units []manager.Unit) []string {
	all := make([]string, len(units))
	for i, unit := range units {
		all[i] = unit.Name
	}
	return all
}

func each(units []manager.Unit, err error) map[string]error {
	failed := make(map[string]error, len(units))
	for _, unit := range units {
		failed[unit.Name] = err
	}
	return failed
}
