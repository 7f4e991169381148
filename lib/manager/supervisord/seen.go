package supervisord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/replace"
)

// Some programs write over their environment and their command as well, as redis
// does, and what a program that died has left behind, nginx's workers, may show
// neither. Those are known by what was seen when they were started: a process by its
// number and the time of its start, what it has left by its process group.

// seen is a process that supervisord had started when it was looked at last.
type seen struct {
	PID     int       `json:"pid"`
	Session int       `json:"session"`
	Since   time.Time `json:"since"`
}

// clock is how much two readings of one start may differ.
const clock = 100 * time.Millisecond

func (m Manager) remembered() (map[string][]seen, error) {
	all := map[string][]seen{}
	data, err := os.ReadFile(m.Seen)
	if m.Seen == "" || errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, with what supervisord had started, can't be read (without it, that is forgotten): %w", m.Seen, err)
	}
	return all, nil
}

// remember notes what supervisord runs of the units now, in place of what it ran.
func (m Manager) remember(ctx context.Context, s *server, units []manager.Unit) error {
	if m.Seen == "" {
		return nil
	}
	all, err := m.remembered()
	if err != nil {
		return err
	}
	processes, err := s.processes(ctx)
	if err != nil {
		return err
	}
	itself, err := s.pid(ctx)
	if err != nil {
		return err
	}
	for _, unit := range units {
		delete(all, unit.Name)
		for _, one := range processes[unit.Name] {
			// In a container, it counts processes otherwise.
			if kin, alive := pidfile.KinOf(one.pid); one.pid > 0 && alive && kin.Parent == itself {
				all[unit.Name] = append(all[unit.Name], seen{one.pid, kin.Session, kin.Start})
			}
		}
	}
	return m.note(all)
}

// forget takes units out that have ended.
func (m Manager) forget(units []manager.Unit, failed map[string]error) error {
	all, err := m.remembered()
	if err != nil || len(all) == 0 {
		return err
	}
	for _, unit := range units {
		if failed[unit.Name] == nil {
			delete(all, unit.Name)
		}
	}
	return m.note(all)
}

func (m Manager) note(all map[string][]seen) error {
	if len(all) == 0 {
		if err := os.Remove(m.Seen); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return replace.File(m.Seen, data, 0o644)
}

// left finds, of the units, what was seen and is not the supervisord's any more whose
// number is itself.
func (m Manager) left(itself int, units []manager.Unit) (found []lost, err error) {
	all, err := m.remembered()
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		for _, was := range all[unit.Name] {
			kin, alive := pidfile.KinOf(was.PID)
			switch {
			case !alive || kin.Start.Sub(was.Since).Abs() > clock:
				found = append(found, was.members(unit)...)
			case kin.Parent != itself && !isSupervisord(kin.Parent):
				found = append(found, lost{unit: unit.Name, pid: was.PID, since: kin.Start, program: firstIn(unit)})
			}
		}
	}
	return found, nil
}

// members are those of the process group of one that has ended. No other process
// gets its number while there are any.
func (s seen) members(unit manager.Unit) (found []lost) {
	for _, pid := range pidfile.All() {
		kin, alive := pidfile.KinOf(pid)
		if alive && pid != s.PID && kin.Group == s.PID && kin.Session == s.Session && kin.Start.After(s.Since.Add(-clock)) {
			found = append(found, lost{unit: unit.Name, pid: pid, since: kin.Start, program: firstIn(unit), member: true})
		}
	}
	return found
}

func firstIn(unit manager.Unit) program {
	if programs := programsIn(unit.File); len(programs) > 0 {
		return programs[0]
	}
	return program{}
}

// together has each process once.
func together(some, others []lost) []lost {
	for _, one := range others {
		if !slices.ContainsFunc(some, func(l lost) bool { return l.pid == one.pid }) {
			some = append(some, one)
		}
	}
	return some
}
