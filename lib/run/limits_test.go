package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// A program is told of before its first instruction, and does not run if that is
// refused.
func TestWatched(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{nil, errors.New("no")} {
		made := filepath.Join(t.TempDir(), "made")
		pid := 0
		ctx := Watched(t.Context(), func(child int, c Command) error {
			if _, err := os.Stat(made); err == nil {
				t.Error("it ran before it was told of")
			}
			pid = child
			if c.Args[0] != "sh" || c.Timeout != DefaultTimeout {
				t.Errorf("told of %+v", c)
			}
			time.Sleep(100 * time.Millisecond)
			return refusal
		})
		result, err := Host{}.Run(ctx, Command{Args: []string{"sh", "-c", `echo $$ | tee "$1"`, "sh", made}})
		_, statErr := os.Stat(made)
		if !errors.Is(err, refusal) || (statErr == nil) != (refusal == nil) || pid == 0 {
			t.Errorf("refused with %v: %v, it ran: %t", refusal, err, statErr == nil)
		}
		if refusal == nil && result.Stdout != strconv.Itoa(pid)+"\n" {
			t.Errorf("told of process %d, it is %s", pid, result.Stdout)
		}
	}
}

// In a context with a limit, no program runs for longer.
func TestWithin(t *testing.T) {
	t.Parallel()
	for _, own := range []time.Duration{0, time.Minute, 100 * time.Millisecond} {
		begin := time.Now()
		_, err := Host{}.Run(Within(t.Context(), 200*time.Millisecond), Command{Args: []string{"sleep", "20"}, Timeout: own})
		var failure *Error
		if !errors.As(err, &failure) || !failure.TimedOut || time.Since(begin) > 10*time.Second {
			t.Errorf("own time %s: %v", own, err)
		}
	}
	if Timeout(Within(context.Background(), 0)) != DefaultTimeout || Timeout(Within(context.Background(), 1)) != 1 {
		t.Error("another limit than was asked for")
	}
}
