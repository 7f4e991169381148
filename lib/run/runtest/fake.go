// Package runtest has a strict stand-in for run.Host. A test says which
// commands are going to be run and what comes of them; a command that nobody
// announced, and an announced one that never came, fail the test. It must not
// know any program.
package runtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"nixproc/lib/run"
)

// noProcess is above the highest process ID that Linux can be set up for, so
// that a test which signals it reaches nothing.
const noProcess = 1<<22 + 1

// Fake is a run.Runner that runs nothing. It can be used by several
// goroutines at once.
type Fake struct {
	t     testing.TB
	mu    sync.Mutex
	calls []*Call
	log   []run.Command
}

// New makes a fake without expectations; what is left of them when the test
// ends fails it.
func New(t testing.TB) *Fake {
	f := &Fake{t: t}
	t.Cleanup(f.check)
	return f
}

// Call is one announced command. Without further word it comes once and
// succeeds with no output.
type Call struct {
	name   string
	match  func(run.Command) bool
	answer func(context.Context, run.Command) (run.Result, error)
	want   int
	seen   int
}

// Expect announces a command by its exact arguments. Of several that match,
// the one announced first is used up first.
func (f *Fake) Expect(args ...string) *Call {
	return f.ExpectFunc(run.Quote(args), func(c run.Command) bool { return slices.Equal(c.Args, args) })
}

// ExpectFunc announces a command by a condition; the name is for messages.
func (f *Fake) ExpectFunc(name string, match func(run.Command) bool) *Call {
	call := &Call{name: name, match: match, want: 1}
	call.Return(run.Result{}, nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return call
}

// Times says how often the command comes, exactly.
func (c *Call) Times(n int) *Call {
	c.want = n
	return c
}

// Print makes the command succeed with this on stdout.
func (c *Call) Print(stdout string) *Call {
	return c.Return(run.Result{Stdout: stdout}, nil)
}

// Fail makes the command fail with an exit code and a text on stderr.
func (c *Call) Fail(code int, stderr string) *Call {
	return c.Do(func(_ context.Context, cmd run.Command) (run.Result, error) {
		cause := fmt.Errorf("exit status %d", code)
		return run.Result{Stderr: stderr}, &run.Error{Command: cmd, Code: code, Tail: stderr, Cause: cause}
	})
}

// Return sets result and error.
func (c *Call) Return(result run.Result, err error) *Call {
	return c.Do(func(context.Context, run.Command) (run.Result, error) { return result, err })
}

// Do sets a function that stands for the program.
func (c *Call) Do(answer func(context.Context, run.Command) (run.Result, error)) *Call {
	c.answer = answer
	return c
}

// Run answers a command as it was announced. A command with a Started
// function gets a process ID that no process has.
func (f *Fake) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if err := ctx.Err(); err != nil {
		return run.Result{}, &run.Error{Command: c, Code: -1, Canceled: true, Cause: err}
	}
	call := f.take(c)
	if call == nil {
		f.t.Errorf("unexpected command: %s", run.Quote(c.Args))
		return run.Result{}, &run.Error{Command: c, Code: -1, Cause: fmt.Errorf("the test did not expect it")}
	}
	if c.Started != nil {
		if err := c.Started(noProcess); err != nil {
			return run.Result{}, &run.Error{Command: c, Code: -1, Cause: err}
		}
	}
	return call.answer(ctx, c)
}

// take finds the announcement that a command uses up.
func (f *Fake) take(c run.Command) *Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, c)
	for _, call := range f.calls {
		if call.seen < call.want && call.match(c) {
			call.seen++
			return call
		}
	}
	return nil
}

// Lines lists what was run so far, as quoted command lines in order.
func (f *Fake) Lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	lines := make([]string, len(f.log))
	for i, c := range f.log {
		lines[i] = run.Quote(c.Args)
	}
	return lines
}

func (f *Fake) check() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if call.seen < call.want {
			f.t.Errorf("expected %d times but seen %d times: %s", call.want, call.seen, call.name)
		}
	}
}
