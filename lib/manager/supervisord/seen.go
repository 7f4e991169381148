package supervisord

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
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

// remembered is what was written down. It is no more than a note: one that can't be
// read says nothing, and the next look at supervisord writes it anew.
func (m Manager) remembered() map[string][]seen {
	var all map[string][]seen
	data, err := os.ReadFile(m.Seen)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil || all == nil {
		return map[string][]seen{}
	}
	for name, group := range all {
		// No program has such a number: kernel threads are in group 0.
		all[name] = slices.DeleteFunc(group, func(was seen) bool { return was.PID <= 1 })
	}
	return all
}

// remember asks supervisord, and notes what it runs of the units now.
func (m Manager) remember(ctx context.Context, s *server, units []manager.Unit) error {
	if m.Seen == "" {
		return nil
	}
	processes, err := s.processes(ctx)
	if err != nil {
		return err
	}
	itself, err := s.pid(ctx)
	if err != nil {
		return err
	}
	return m.noteRunning(processes, itself, units)
}

// noteRunning notes what the supervisord whose number is itself runs of the units.
// What was seen before stays while anything is left of it, or it would be forgotten
// while it is lost. Nothing is written where nothing is new.
func (m Manager) noteRunning(processes map[string][]process, itself int, units []manager.Unit) error {
	if _, here := pidfile.Started(itself); m.Seen == "" || !here {
		return nil // in a container, it counts processes otherwise
	}
	before := m.remembered()
	now := maps.Clone(before)
	for _, unit := range units {
		var group []seen
		if m.isOurs(unit) {
			group = startedBy(itself, processes[unit.Name])
		}
		for _, was := range before[unit.Name] {
			same := slices.IndexFunc(group, was.is)
			switch {
			case same >= 0:
				group[same] = was
			case was.isLeft(unit):
				group = append(group, was)
			}
		}
		if now[unit.Name] = group; len(group) == 0 {
			delete(now, unit.Name)
		}
	}
	if maps.EqualFunc(before, now, slices.Equal[[]seen]) {
		return nil
	}
	return m.note(now)
}

func startedBy(itself int, group []process) (found []seen) {
	for _, one := range group {
		if kin, alive := pidfile.KinOf(one.pid); one.pid > 1 && alive && kin.Parent == itself {
			found = append(found, seen{one.pid, kin.Session, kin.Start})
		}
	}
	return found
}

func (s seen) is(other seen) bool {
	return s.PID == other.PID && s.Since.Sub(other.Since).Abs() <= clock
}

// isLeft says whether it lives, or any of its process group.
func (s seen) isLeft(unit manager.Unit) bool {
	as := s.of(unit)
	return as.alive() || len(as.members()) > 0
}

// forget takes units out that have ended.
func (m Manager) forget(units []manager.Unit, failed map[string]error) error {
	all := m.remembered()
	if len(all) == 0 {
		return nil
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
func (m Manager) left(itself int, units []manager.Unit) (found []lost) {
	all := m.remembered()
	for _, unit := range units {
		for _, was := range all[unit.Name] {
			as := was.of(unit)
			kin, _ := pidfile.KinOf(was.PID)
			switch {
			case !as.alive():
				found = append(found, as.members()...)
			case kin.Parent != itself && !isSupervisord(kin.Parent):
				found = append(found, as)
			}
		}
	}
	return found
}

// members are those of the process group of one that has ended. No other process
// gets its number while there are any.
func (l lost) members() (found []lost) {
	for _, pid := range pidfile.All() {
		kin, alive := pidfile.KinOf(pid)
		if alive && pid != l.pid && kin.Group == l.pid && kin.Session == l.session && kin.Start.After(l.since.Add(-clock)) {
			found = append(found, lost{l.unit, pid, kin.Session, kin.Start, l.program, true})
		}
	}
	return found
}

func (s seen) of(unit manager.Unit) lost {
	return lost{unit: unit.Name, pid: s.PID, session: s.Session, since: s.Since, program: firstIn(unit)}
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
