package supervisord

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
)

// process is what supervisord says of one.
type process struct {
	name   string // with its group in front, as supervisorctl takes it
	state  string // as http://supervisord.org/subprocess.html#process-states lists them
	detail string
	pid    int
}

// alive says whether there is a process, or supervisord would start one again
// by itself.
func (p process) alive() bool {
	switch p.state {
	case "RUNNING", "STARTING", "STOPPING", "BACKOFF":
		return true
	}
	return false
}

// processes asks for all that supervisord has, by group, in one call.
func (s *server) processes(ctx context.Context) (map[string][]process, error) {
	got, err := s.call(ctx, "supervisor.getAllProcessInfo")
	if err != nil {
		return nil, err
	}
	return processesIn(got)
}

// processesIn reads the answer. What it does not say of a process, or of all,
// stands for nothing: it is an error.
func processesIn(got any) (map[string][]process, error) {
	all, isList := got.([]any)
	if !isList {
		return nil, errors.New("supervisord's answer is no list of processes")
	}
	found := map[string][]process{}
	for _, one := range all {
		fields, _ := one.(map[string]any)
		text := func(name string) string {
			text, _ := fields[name].(string)
			return text
		}
		pid, _ := fields["pid"].(int)
		group := text("group")
		if group == "" || text("name") == "" || text("statename") == "" {
			return nil, errors.New("supervisord's answer has a process without its group, name or state")
		}
		found[group] = append(found[group], process{group + ":" + text("name"), text("statename"), text("description"), pid})
	}
	return found, nil
}

// pid is the number of supervisord's own process.
func (s *server) pid(ctx context.Context) (int, error) {
	got, err := s.call(ctx, "supervisor.getPID")
	pid, _ := got.(int)
	return pid, err
}

// Status asks supervisord once. It fails if supervisord does not run, so that a
// switch ends before anything is touched.
func (m Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	if len(units) == 0 {
		return nil, nil
	}
	server, err := m.connect()
	if err != nil {
		return nil, err
	}
	processes, err := server.processes(ctx)
	if err != nil {
		return nil, fmt.Errorf("supervisord can't be asked what it runs: start it, or set SUPERVISORD_CONF_DIR (now %s) to the directory of its supervisord.conf: %w", m.ConfDir, err)
	}
	states := make(map[string]manager.State, len(units))
	for _, unit := range units {
		states[unit.Name] = state(unit, processes[unit.Name])
	}
	itself, err := server.pid(ctx)
	if err != nil {
		return nil, err
	}
	// Who only looks may not be allowed to write.
	_ = m.noteRunning(processes, itself, units)
	for _, one := range m.lost(server, itself, units) {
		state := states[one.unit]
		state.Lost = strings.TrimPrefix(state.Lost+", and ", ", and ") + fmt.Sprintf("process %d of it runs, and supervisord has lost it", one.pid)
		states[one.unit] = state
	}
	return states, nil
}

// state of a unit: it runs if all of its processes do.
func state(unit manager.Unit, group []process) manager.State {
	if len(group) == 0 {
		return manager.State{Condition: manager.Stopped, Detail: "supervisord does not have it"}
	}
	own, _ := unit.Own.(Unit)
	for _, one := range group {
		switch one.state {
		case "RUNNING", "STARTING":
		default:
			if own.rests(one.state) {
				return manager.State{Detail: one.state + ", as it may be"}
			}
			return manager.State{Condition: manager.Stopped, Detail: strings.TrimSpace(one.state + " " + one.detail)}
		}
	}
	running := manager.State{Condition: manager.Running}
	if pid := group[0].pid; pid > 0 && len(group) == 1 {
		running.PID = pid
		running.Since, _ = pidfile.Started(pid)
	}
	return running
}

const (
	// pollEvery is short: each question also has supervisord look after its
	// programs, which it does by itself once a second.
	pollEvery = 50 * time.Millisecond
	// spare is added to the time that supervisord takes to call a program
	// RUNNING.
	spare = 20 * time.Second
)

// await waits until supervisord says of all units that they run, or of one that
// it does not.
func (s *server) await(ctx context.Context, units []manager.Unit) map[string]error {
	begin := time.Now()
	longest := 0
	for _, unit := range units {
		if own, ok := unit.Own.(Unit); ok {
			longest = max(longest, own.StartSecs)
		}
	}
	deadline := begin.Add(time.Duration(longest)*time.Second + spare)
	for {
		select {
		case <-ctx.Done():
			return manager.AllFailed(units, ctx.Err())
		case <-time.After(pollEvery):
		}
		processes, err := s.processes(ctx)
		if err != nil {
			return manager.AllFailed(units, err)
		}
		failed, waiting := map[string]error{}, map[string]error{}
		for _, unit := range units {
			switch verdict, why := judge(unit, processes[unit.Name]); verdict {
			case "failed":
				failed[unit.Name] = s.explain(ctx, why)
			case "waiting":
				waiting[unit.Name] = fmt.Errorf("supervisord still says %s of it after %s", why.state, time.Since(begin).Round(time.Second))
			}
		}
		if len(failed) > 0 || len(waiting) == 0 {
			return failed
		}
		if time.Now().After(deadline) {
			return waiting
		}
	}
}

// judge tells what has become of a unit that was added.
func judge(unit manager.Unit, group []process) (verdict string, why process) {
	own, _ := unit.Own.(Unit)
	if len(group) == 0 {
		return "failed", process{name: unit.Name, state: "UNKNOWN", detail: "it does not have it any more"}
	}
	verdict = "up"
	for _, one := range group {
		switch {
		case one.state == "RUNNING", own.rests(one.state):
		case one.state == "STOPPED", one.state == "STARTING":
			verdict, why = "waiting", one
		default:
			return "failed", one
		}
	}
	return verdict, why
}
