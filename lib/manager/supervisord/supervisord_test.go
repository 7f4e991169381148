package supervisord

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// fake is a supervisord that knows the programs that were added to it. It
// refuses what supervisorctl would refuse, and writes down what it is told.
type fake struct {
	states map[string]string
	after  map[string]string // state of a program once it was added
	calls  []string
}

func (f *fake) Run(_ context.Context, c run.Command) (run.Result, error) {
	fail := func(code int, text string) (run.Result, error) {
		return run.Result{Stdout: text}, &run.Error{Command: c, Code: code, Cause: errors.New("exit")}
	}
	if !slices.Equal(c.Args[:3], []string{"supervisorctl", "-s", "http://localhost:9001"}) {
		return fail(2, fmt.Sprintf("unexpected call %q", c.Args))
	}
	verb, names := c.Args[3], c.Args[4:]
	if verb != "status" {
		f.calls = append(f.calls, strings.Join(c.Args[3:], " "))
	}
	switch verb {
	case "status":
		var out strings.Builder
		code := 0
		for name, state := range f.states {
			fmt.Fprintf(&out, "%-20s %s   pid 1, uptime 0:00:01\n", name, state)
			if state != "RUNNING" && state != "STARTING" {
				code = 3
			}
		}
		if code != 0 {
			return fail(code, out.String())
		}
		return run.Result{Stdout: out.String()}, nil
	case "stop":
		for _, name := range names {
			f.states[strings.TrimSuffix(name, ":*")] = "STOPPED"
		}
	case "remove":
		for _, name := range names {
			delete(f.states, name)
		}
	case "add":
		for _, name := range names {
			if f.states[name] != "" {
				return fail(1, "ERROR: process group already active")
			}
			f.states[name] = "RUNNING"
			if state := f.after[name]; state != "" {
				f.states[name] = state
			}
		}
	case "tail":
		return run.Result{Stdout: "last words\n"}, nil
	case "reread":
	default:
		return fail(2, "unexpected verb "+verb)
	}
	return run.Result{}, nil
}

func units(names ...string) []manager.Unit {
	var all []manager.Unit
	for i, name := range names {
		for part := range strings.SplitSeq(name, ",") {
			all = append(all, manager.Unit{Name: part, Rank: i, Wanted: true, Own: Unit{}})
		}
	}
	return all
}

func TestStartAndStopByLevels(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{"c": "FATAL", "else": "RUNNING"}}
	m := Manager{Runner: f, ConfDir: "/no such directory"}
	if failed := m.StartAll(t.Context(), units("a,b", "c")); len(failed) > 0 {
		t.Fatal(failed)
	}
	down := units("a,b", "c")
	slices.Reverse(down)
	if failed := m.StopAll(t.Context(), down); len(failed) > 0 {
		t.Fatal(failed)
	}
	want := []string{"reread", "add a b", "remove c", "add c", "stop c:*", "remove c"}
	if !slices.Equal(f.calls[:len(want)], want) || len(f.states) != 1 {
		t.Errorf("calls %q, left %v", f.calls, f.states)
	}
}

func TestStartThatFails(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{}, after: map[string]string{"a": "BACKOFF"}}
	failed := Manager{Runner: f, ConfDir: "/no such directory"}.StartAll(t.Context(), units("a,b", "c"))
	if len(failed) != 2 || failed["c"] == nil || f.states["c"] != "" {
		t.Errorf("%v, %v", failed, f.states)
	}
	if err := failed["a"]; err == nil || !strings.Contains(err.Error(), "BACKOFF") || !strings.Contains(err.Error(), "last words") {
		t.Error(err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]string{"a": "RUNNING", "b": "EXITED", "c": "EXITED", "d": "BACKOFF", "g:one": "RUNNING", "g:two": "FATAL", "s": "STOPPED"}}
	all := units("a,b,c,d,g,s,none")
	all[2].Own = Unit{MayEnd: true}
	all[5].Own = Unit{NoAutostart: true}
	states, err := Manager{Runner: f, ConfDir: "/no such directory"}.Status(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]manager.Condition{
		"a": manager.Running, "b": manager.Stopped, "c": manager.Unknown, "d": manager.Stopped,
		"g": manager.Stopped, "s": manager.Unknown, "none": manager.Stopped,
	} {
		if got := states[name].Condition; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, err := (Manager{Runner: f}).Status(t.Context(), all); err == nil || !strings.Contains(err.Error(), "SUPERVISORD_CONF_DIR") {
		t.Error(err)
	}
}

// What the framework before this left: a file for each program, with its
// priority, and perhaps a group.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	for name, text := range map[string]string{
		"a.conf": "[program:a]\ncommand=x\npriority=3\nstartsecs=0\nautorestart=false\n",
		"g.conf": "[group:g]\nprograms=one, two\n[program:one]\ncommand=x\n[program:two]\ncommand=y\n",
		"note":   "[program:no]\n",
	} {
		if err := os.MkdirAll(filepath.Join(tree, "conf.d"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, "conf.d", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Manager{}.Units(tree)
	if err != nil || len(found) != 2 || found[0].Name != "a" || found[1].Name != "g" {
		t.Fatalf("%v, %v", found, err)
	}
	if found[0].Rank != 2 || !found[0].Own.(Unit).MayEnd || found[0].File != filepath.Join(tree, "conf.d/a.conf") {
		t.Errorf("%+v", found[0])
	}
	before := found[0].Key
	if err := os.WriteFile(found[0].File, []byte("[program:a]\ncommand=x\npriority=4\nstartsecs=0\nautorestart=false\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found, err = (Manager{}).Units(tree); err != nil || found[0].Key != before {
		t.Errorf("the priority is part of the key: %v", err)
	}
}
