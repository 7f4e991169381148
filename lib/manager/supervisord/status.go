package supervisord

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/run"
)

// process is a line of "supervisorctl status".
type process struct {
	name   string // with its group in front, where that has another name
	state  string // as http://supervisord.org/subprocess.html#process-states lists them
	detail string
}

var (
	statusLine = regexp.MustCompile(`^(\S+)\s+(STOPPED|STARTING|RUNNING|BACKOFF|STOPPING|EXITED|FATAL|UNKNOWN)\s*(.*)$`)
	statusPID  = regexp.MustCompile(`^pid (\d+),`)
)

// alive says whether there is a process, or supervisord would start one again
// by itself.
func (p process) alive() bool {
	switch p.state {
	case "RUNNING", "STARTING", "STOPPING", "BACKOFF":
		return true
	}
	return false
}

// notRunning is the exit code of "supervisorctl status" when something that it
// lists does not run; 4 is that of a supervisord that can't be reached.
const notRunning = 3

// processes asks for all that supervisord has, by group, in one call.
func (m Manager) processes(ctx context.Context) (map[string][]process, error) {
	said, err := m.ctl(ctx, "status")
	if m.ConfDir == "" {
		return nil, err
	}
	if err != nil && run.Code(err) != notRunning {
		return nil, fmt.Errorf("supervisord can't be asked what it runs: start it, or set SUPERVISORD_CONF_DIR (now %s) to the directory of its supervisord.conf: %w", m.ConfDir, err)
	}
	found := map[string][]process{}
	for line := range strings.Lines(said) {
		match := statusLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if match == nil {
			continue
		}
		group, _, _ := strings.Cut(match[1], ":")
		found[group] = append(found[group], process{match[1], match[2], match[3]})
	}
	return found, nil
}

// Status asks supervisord once. It fails if supervisord does not run, so that a
// switch ends before anything is touched.
func (m Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	if len(units) == 0 {
		return nil, nil
	}
	processes, err := m.processes(ctx)
	if err != nil {
		return nil, err
	}
	states := make(map[string]manager.State, len(units))
	for _, unit := range units {
		states[unit.Name] = state(unit, processes[unit.Name])
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
	if match := statusPID.FindStringSubmatch(group[0].detail); match != nil && len(group) == 1 {
		if pid, err := strconv.Atoi(match[1]); err == nil {
			running.PID = pid
			running.Since, _ = pidfile.Started(pid)
		}
	}
	return running
}

const (
	// glance is when a program is looked at that has just been added: most that
	// can't start have ended by then.
	glance    = 300 * time.Millisecond
	pollEvery = 200 * time.Millisecond
	// spare is added to the time that supervisord takes to call a program
	// RUNNING.
	spare = 20 * time.Second
)

// await waits until supervisord says of all units that they run, or of one that
// it does not.
func (m Manager) await(ctx context.Context, units []manager.Unit) map[string]error {
	begin := time.Now()
	longest := 0
	for _, unit := range units {
		if own, ok := unit.Own.(Unit); ok {
			longest = max(longest, own.StartSecs)
		}
	}
	deadline := begin.Add(time.Duration(longest)*time.Second + spare)
	// Nothing is RUNNING before its time: each look is a program of its own.
	due := begin.Add(time.Duration(longest) * time.Second)
	pause := min(glance, time.Until(due)+pollEvery)
	for ; ; pause = max(pollEvery, time.Until(due)) {
		select {
		case <-ctx.Done():
			return each(units, ctx.Err())
		case <-time.After(pause):
		}
		processes, err := m.processes(ctx)
		if err != nil {
			return each(units, err)
		}
		failed, waiting := map[string]error{}, map[string]error{}
		for _, unit := range units {
			switch verdict, why := judge(unit, processes[unit.Name]); verdict {
			case "failed":
				failed[unit.Name] = m.explain(ctx, why)
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

// explain gives supervisord's words and the end of what the program printed.
func (m Manager) explain(ctx context.Context, p process) error {
	text := strings.TrimSpace("supervisord says " + p.state + ": " + p.detail)
	for _, channel := range []string{"stderr", "stdout"} {
		said, err := m.ctl(ctx, "tail", "-2000", p.name, channel)
		if said = strings.TrimRight(said, "\n"); err != nil || said == "" {
			continue
		}
		lines := strings.Split(said, "\n")
		lines = lines[max(0, len(lines)-10):]
		text += "; the end of its " + channel + ":\n  " + strings.Join(lines, "\n  ")
	}
	return errors.New(text)
}
