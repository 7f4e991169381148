package deploy

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nixproc/lib/accounts"
	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/profile"
)

// processes are a manager whose processes are real, of two profiles.
type processes struct {
	*machine
	profiles map[string][]manager.Unit
	pids     map[string]int
}

func (p *processes) Units(profile string) ([]manager.Unit, error) {
	return slices.Clone(p.profiles[profile]), nil
}

func (p *processes) Status(_ context.Context, units []manager.Unit) (map[string]manager.State, error) {
	states := map[string]manager.State{}
	for _, unit := range units {
		states[unit.Name] = manager.State{Condition: manager.Stopped}
		if pid := p.pids[unit.Name]; pid != 0 {
			states[unit.Name] = manager.State{Condition: manager.Running, PID: pid}
		}
	}
	return states, nil
}

// sleeper starts a process, in a session of its own.
func sleeper(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go cmd.Wait() // a zombie would count as a process in the group
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return cmd
}

// killed is a target whose switch from old to new has written a journal and then
// was killed: a is removed by it, b changes, c stays, and d is added.
func killed(t *testing.T) (target Target, p *processes, old, new string) {
	t.Helper()
	where := profile.Profile{Dir: t.TempDir(), Name: "p"}
	old, new = generation(t, where, 1, "test"), generation(t, where, 2, "test")
	if err := where.Switch(1); err != nil {
		t.Fatal(err)
	}
	p = &processes{newMachine(), map[string][]manager.Unit{
		old: {unit("a", "a1", 0), unit("b", "b1", 1), unit("c", "c1", 0)},
		new: {unit("b", "b2", 0), unit("c", "c1", 0), unit("d", "d1", 1)},
	}, map[string]int{}}
	target = Target{Profile: where, Manager: p, Making: 2}
	if err := target.Begin(new, []string{"--user"}); err != nil {
		t.Fatal(err)
	}
	return target, p, old, new
}

// planned is what a later command would do on the way to a profile.
func planned(t *testing.T, target Target, to string) string {
	t.Helper()
	later := Target{Profile: target.Profile, Manager: target.Manager}
	ask := func(units []manager.Unit) (map[string]manager.State, error) {
		return later.Manager.Status(t.Context(), units)
	}
	previous, err := later.FindPrevious()
	if err != nil {
		t.Fatal(err)
	}
	c, err := later.Compare(ask, previous.Path, to)
	if err != nil || !c.Interrupted {
		t.Fatalf("%v, interrupted is %t", err, c.Interrupted)
	}
	var parts []string
	for _, change := range c.Plan.Changes {
		part := string(change.Action) + " " + change.Name
		if change.Old != nil && change.Action != "keep" {
			part += " of " + map[string]string{filepath.Base(old(c)): "old"}[filepath.Base(change.Old.Profile)]
		}
		parts = append(parts, strings.TrimSuffix(part, " of "))
	}
	return strings.Join(parts, ", ")
}

func old(c Comparison) string { return c.Old }

// Guards P4: what is planned follows from what was begun and done, and from what
// really runs.
func TestInterruptedSteps(t *testing.T) {
	const stop, start = "stop", "start"
	for name, c := range map[string]struct {
		steps    string // "stop a" that was done, "stop a?" that was begun
		runs     string // "b" that runs since its step, "b?" since before that
		on, back string // what is planned on the way to the new profile, and to the old one
	}{
		"nothing was touched": {
			"", "a? b? c?",
			"stop a of old, restart b of old, keep c, start d", "keep a, keep b, keep c",
		},
		"a stop was begun": {
			"stop b?", "a? b? c?",
			"stop a of old, restart b of old, keep c, start d", "keep a, restart b of old, keep c",
		},
		"a stop was done": {
			"stop b", "a? c?",
			"stop a of old, start b of old, keep c, start d", "keep a, start b of old, keep c",
		},
		"what was stopped runs": {
			"stop b", "a? b? c?",
			"stop a of old, restart b of old, keep c, start d", "keep a, restart b of old, keep c",
		},
		"a start was begun": {
			"stop b, stop a, start b?", "b c?",
			"stop a of old, restart b, keep c, start d", "start a of old, restart b, keep c",
		},
		"starts were done": {
			"stop b, stop a, start b, start d", "b c? d",
			"stop a of old, keep b, keep c, keep d", "start a of old, restart b, keep c, stop d",
		},
		"what was started is another process by now": {
			"stop b, stop a, start b, start d", "b? c? d",
			"stop a of old, restart b, keep c, keep d", "start a of old, restart b, keep c, stop d",
		},
		"what was started is gone": {
			"stop b, stop a, start b, start d", "b c?",
			"stop a of old, keep b, keep c, start d", "start a of old, restart b, keep c, stop d",
		},
		"files were put in place": {
			"stop b, stop a, install", "c?",
			"stop a of old, start b of old, keep c, start d", "start a of old, start b of old, keep c, stop d",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, p, old, new := killed(t)
			of := map[string]string{stop: old, start: new, "install": new}
			for _, name := range strings.Fields(c.runs) {
				p.pids[strings.TrimSuffix(name, "?")] = os.Getppid() // older than the journal
			}
			for _, text := range strings.Split(c.steps, ", ") {
				verb, name, _ := strings.Cut(strings.TrimSuffix(text, "?"), " ")
				if verb == "" {
					continue
				}
				step := journal.Step{Verb: verb, Profile: of[verb]}
				if name != "" {
					step.Units = []string{name}
				}
				if err := target.Journal.Begin(step); err != nil {
					t.Fatal(err)
				}
				if slices.Contains(strings.Fields(c.runs), name) {
					p.pids[name] = sleeper(t, "exec sleep 100").Process.Pid
				}
				if !strings.HasSuffix(text, "?") {
					target.Journal.Done(step)
				}
			}
			if got := planned(t, target, new); got != c.on {
				t.Errorf("on the way to the new profile\n%s, want\n%s", got, c.on)
			}
			if got := planned(t, target, old); got != c.back {
				t.Errorf("on the way back\n%s, want\n%s", got, c.back)
			}
		})
	}
}

// Guards P4: nothing is asked and done before the programs have ended that the
// switch has left at work; and what one of them has started, and nobody knows of,
// does not go on running.
func TestProgramsAtWork(t *testing.T) {
	for name, c := range map[string]struct {
		script  string
		verb    string
		killed  bool // the program itself is gone
		known   bool // the manager knows of the process
		until   time.Duration
		remains bool // what it has started runs in the end
	}{
		"one that ends":                {"sleep 100 & sleep 0.3", "start", false, true, time.Minute, true},
		"one that does not":            {"sleep 100 & sleep 100", "start", false, true, 200 * time.Millisecond, false},
		"one that was killed":          {"sleep 100 & sleep 100", "start", true, false, time.Minute, false},
		"one that was done, but alone": {"sleep 100 & sleep 100", "start", true, true, time.Minute, true},
		"one that only asks":           {"sleep 100 & sleep 100", "ready", false, true, 10 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, p, _, new := killed(t)
			program := sleeper(t, c.script)
			since, _ := pidfile.Started(program.Process.Pid)
			call := journal.Call{PID: program.Process.Pid, Since: since, Until: time.Now().Add(c.until), Line: "d start", Verb: c.verb, Units: []string{"d"}}
			if err := errors.Join(target.Journal.Begin(journal.Step{Verb: "start", Profile: new, Units: []string{"d"}}), target.Journal.Call(call)); err != nil {
				t.Fatal(err)
			}
			if c.known {
				p.pids["d"] = os.Getpid()
			}
			left := programOf(call)
			for deadline := time.Now().Add(time.Minute); len(left.Others()) == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("it has started nothing")
				}
			}
			if c.killed {
				if err := program.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			var told []string
			if err := (Target{Profile: target.Profile, Manager: p}).Await(t.Context(), func(text string) { told = append(told, text) }); err != nil {
				t.Fatal(err)
			}
			if left.Alive() {
				t.Error("the program is still at work")
			}
			if c.verb == "ready" && len(told) > 0 {
				t.Errorf("it says %q", told)
			}
			if remains := len(left.Others()) > 0; remains != c.remains {
				t.Errorf("what it has started runs: %t, want %t; it says %q", remains, c.remains, told)
			}
		})
	}
}

// Guards P4: a daemon that was just started gets the time to show itself, if the
// switch was killed. One that has failed has given it, and nobody waits again.
func TestPatience(t *testing.T) {
	for over, limit := range map[bool]time.Duration{false: 100 * time.Millisecond, true: manager.SeenWithin} {
		target, p, _, new := killed(t)
		for i := range p.profiles[new] {
			p.profiles[new][i].PIDFile, p.profiles[new][i].PIDFileCertain = filepath.Join(t.TempDir(), "none.pid"), true
		}
		// Linux gives no such number.
		call := journal.Call{PID: 1 << 23, Since: time.Now(), Until: time.Now(), Verb: "start", Units: []string{"d"}}
		if err := errors.Join(target.Journal.Begin(journal.Step{Verb: "start", Profile: new, Units: []string{"d"}}), target.Journal.Call(call)); err != nil {
			t.Fatal(err)
		}
		if over {
			target.Journal.Over()
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		if err := (Target{Profile: target.Profile, Manager: p}).Await(ctx, func(string) {}); err != nil {
			t.Fatal(err)
		}
		if waited := ctx.Err() != nil; waited == over {
			t.Errorf("over: %t, it waits: %t", over, waited)
		}
	}
}

// Guards P4, P7: at the end, nothing is left of the switch, nor of generations
// that were never reached.
func TestEnd(t *testing.T) {
	target, _, old, new := killed(t)
	for _, path := range []string{old, new} {
		if to, err := os.Readlink(target.Root(path)); err != nil || to != path {
			t.Errorf("the root of %s is a link to %q (%v)", path, to, err)
		}
	}
	if left, err := InterruptedIn(target.Profile); err != nil || left["test"] == nil || !slices.Equal(left["test"].Last.Options, []string{"--user"}) {
		t.Errorf("%v, %v", left, err)
	}
	later := Target{Profile: target.Profile, Manager: target.Manager}
	if err := later.End(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(target.Profile.WorkDir())
	if err != nil || len(entries) > 0 {
		t.Errorf("left are %v (%v)", entries, err)
	}
	if generations, err := target.Profile.Generations(); err != nil || len(generations) != 1 {
		t.Errorf("the generations are %v (%v)", generations, err)
	}
}

// Guards P4: whatever is done to a unit is in the journal before it begins, and
// counts as done only after.
func TestJournalIsAhead(t *testing.T) {
	for _, fails := range []bool{false, true} {
		target, _, old, new := killed(t)
		m := newMachine()
		if fails {
			m.fails["start d d1"] = errors.New("no")
		}
		seen := func() map[string]journal.Touched {
			left, err := Target{Profile: target.Profile, Manager: m}.Interrupted()
			if err != nil || left == nil {
				t.Fatalf("%v, %v", left, err)
			}
			return left.Units
		}
		steps := 0
		m.before = func(step string) {
			steps++
			verb, name, _ := strings.Cut(step, " ")
			if touched := seen()[name]; touched.Verb != verb || touched.Done {
				t.Errorf("before %s the journal has %+v", step, touched)
			}
		}
		work := Work{Plan: upgrade(m), Journal: target.Journal, Commit: func() error { return nil }}
		for _, levels := range [][][]manager.Unit{work.Plan.Stops, work.Plan.Starts} {
			for _, level := range levels {
				for i := range level {
					level[i].Profile = map[string]string{"1": old, "2": new}[level[i].Key[1:]]
				}
			}
		}
		d := Deployment{Manager: m, Jobs: 1, Observe: func(Event) {}}
		if err := d.Run(t.Context(), t.Context(), work); (err != nil) != fails {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 4, true: 8}[fails]; steps != want {
			t.Errorf("%d steps, want %d", steps, want)
		}
		for name, touched := range seen() {
			if !touched.Done {
				t.Errorf("%s was done, and the journal has %+v", name, touched)
			}
		}
		if left, err := (Target{Profile: target.Profile, Manager: m}).Interrupted(); err != nil || left.Over != fails {
			t.Errorf("it fails: %t, and the journal has that it is over: %t (%v)", fails, left.Over, err)
		}
	}
}

// Guards P4: the accounts that an interrupted switch has made are its own, not
// somebody's that were found, and go where they are not needed; so do those that
// it had no time to remove.
func TestAccountsOfInterrupted(t *testing.T) {
	target, p, old, _ := killed(t)
	made, obsolete := accounts.Set{Users: []accounts.User{{Name: "made"}}}, accounts.Set{Groups: []accounts.Group{{Name: "obsolete"}}}
	if err := target.Journal.Change(journal.Accounts{Create: made, Remove: obsolete}); err != nil {
		t.Fatal(err)
	}
	c, err := Target{Profile: target.Profile, Manager: p}.Compare(func([]manager.Unit) (map[string]manager.State, error) { return nil, nil }, old, old)
	if err != nil || len(c.Remove.Users) != 1 || len(c.Remove.Groups) != 1 || !c.Create.Empty() {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := target.RememberFound(made, c.Ours); err != nil {
		t.Fatal(err)
	}
	if found, err := target.remembered(foundAccounts); err != nil || !found.Empty() {
		t.Errorf("found were %+v (%v)", found, err)
	}
}
