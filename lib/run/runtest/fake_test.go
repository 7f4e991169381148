package runtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"nixproc/lib/run"
)

// recorder stands for a test that the fake fails.
type recorder struct {
	testing.TB
	failures []string
	cleanup  []func()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Cleanup(f func()) { r.cleanup = append(r.cleanup, f) }
func (r *recorder) end() string {
	for _, f := range r.cleanup {
		f()
	}
	return strings.Join(r.failures, "\n")
}

func TestStrict(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	f := New(r)
	f.Expect("a", "b c").Print("x")
	f.Expect("never").Times(2)
	out, err := f.Run(t.Context(), run.Command{Args: []string{"a", "b c"}})
	if err != nil || out.Stdout != "x" {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := f.Run(t.Context(), run.Command{Args: []string{"a", "b c"}}); err == nil {
		t.Error("a second call of a thing announced once succeeds")
	}
	want := "unexpected command: a 'b c'\nexpected 2 times but seen 0 times: never"
	if got := r.end(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := strings.Join(f.Lines(), ";"); got != "a 'b c';a 'b c'" {
		t.Errorf("got %q", got)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	f := New(t)
	f.Expect("a").Fail(6, "gone")
	f.Expect("a")
	f.ExpectFunc("in /x", func(c run.Command) bool { return c.Dir == "/x" })
	_, err := f.Run(t.Context(), run.Command{Args: []string{"a"}})
	if run.Code(err) != 6 || !strings.Contains(err.Error(), "a failed with exit code 6; its last lines:\n  gone") {
		t.Errorf("got %v", err)
	}
	if _, err := f.Run(t.Context(), run.Command{Args: []string{"a"}}); err != nil {
		t.Errorf("the second announcement is not used: %v", err)
	}
	no := errors.New("no")
	_, err = f.Run(t.Context(), run.Command{Dir: "/x", Started: func(int) error { return no }})
	if !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Run(ctx, run.Command{Args: []string{"z"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestParallel(t *testing.T) {
	t.Parallel()
	f := New(t)
	f.Expect("a").Times(50)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := f.Run(t.Context(), run.Command{Args: []string{"a"}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
