package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"nixproc/lib/manager"
)

// anyMachine is a process manager whose processes are numbers. It writes down
// whatever is done to them out of order, twice, or with too many side by side.
type anyMachine struct {
	profiles map[string][]manager.Unit
	goal     string          // the profile that is to run
	touched  map[string]bool // what the plan stops or starts
	dead     map[string]bool // what did not run before
	jobs     int
	fails    map[int]fault // by the number of the step
	// faulty are the faults of steps by what they are, as in "start p1": with them,
	// whatever fails is to stop nothing but what depends on it.
	faulty map[string]fault
	// before and after are told of each step.
	before, after func(step int)

	mutex    sync.Mutex
	running  map[string]aProcess
	pid      int
	steps    int
	failed   int
	died     map[string]bool
	atWork   int
	problems []string
}

type aProcess struct {
	pid  int
	unit manager.Unit
}

// fault of a step: it does nothing, or all of it, or starts what dies at once.
type fault string

const (
	refused fault = "refused"
	late    fault = "late"
	dies    fault = "dies"
)

func (m *anyMachine) problem(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

// enter begins a step, and says what goes wrong with it.
func (m *anyMachine) enter(verb string, u manager.Unit) (int, fault) {
	defer time.Sleep(time.Microsecond) // so that others are at work at the same time
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.atWork++; m.atWork > m.jobs {
		m.problem("P10: %d steps side by side, where %d may be", m.atWork, m.jobs)
	}
	m.steps++
	if m.before != nil {
		m.before(m.steps)
	}
	wrong := cmp.Or(m.fails[m.steps], m.faulty[verb+" "+u.Name])
	if verb == "stop" && m.faulty != nil && u.Profile == m.goal {
		wrong = "" // what failed is taken down
	}
	if wrong == refused || wrong == late {
		m.failed++
	}
	return m.steps, wrong
}

func (m *anyMachine) leave(step int, wrong fault) error {
	m.atWork--
	if m.after != nil {
		m.after(step)
	}
	if wrong == refused || wrong == late {
		return errors.New("no such luck")
	}
	return nil
}

func (m *anyMachine) Start(_ context.Context, u manager.Unit) error {
	step, wrong := m.enter("start", u)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	back := u.Profile != m.goal
	was, runs := m.running[u.Name]
	switch {
	case runs && back && was.unit.Key == u.Key:
		return m.leave(step, wrong) // it could not be stopped
	case runs:
		m.problem("P4: %s was started twice", u.Name)
	}
	for _, name := range u.Requires {
		if _, up := m.running[name]; !up && (m.failed < 2 || m.faulty != nil) && !(back && m.dead[name]) && !m.died[name] {
			m.problem("P10: %s was started before %s", u.Name, name)
		}
	}
	if wrong == dies {
		m.died[u.Name] = true
	} else if wrong != refused {
		m.pid++
		m.running[u.Name] = aProcess{m.pid, u}
	}
	return m.leave(step, wrong)
}

func (m *anyMachine) Stop(_ context.Context, u manager.Unit) error {
	step, wrong := m.enter("stop", u)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for name, other := range m.running {
		if m.touched[name] && (m.failed < 2 || m.faulty != nil) && m.faulty["stop "+name] != refused && other.unit.Profile == u.Profile && slices.Contains(other.unit.Requires, u.Name) {
			m.problem("P10: %s was stopped before %s", u.Name, name)
		}
	}
	if wrong != refused {
		delete(m.running, u.Name)
	}
	return m.leave(step, wrong)
}

func (m *anyMachine) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	states := map[string]manager.State{}
	for _, u := range units {
		state := manager.State{Condition: manager.Stopped}
		if process, runs := m.running[u.Name]; runs {
			state = manager.State{Condition: manager.Running, PID: process.pid}
		}
		states[u.Name] = state
	}
	return states, nil
}

func (m *anyMachine) Name() string { return "test" }

func (m *anyMachine) Units(profile string) ([]manager.Unit, error) {
	return slices.Clone(m.profiles[profile]), nil
}

func (m *anyMachine) Command(verb string, u manager.Unit) string { return verb + " " + u.Name }

// now is what runs, as it is compared with what ran.
func (m *anyMachine) now() map[string]aProcess {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return maps.Clone(m.running)
}
