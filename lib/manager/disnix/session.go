package disnix

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"
)

// kin are the other processes of a user in a session: daemon(1) and a shell, which
// end after what they keep, and the children of a daemon.
type kin struct{ session, user string }

// kinOf tells by proc_pid_stat(5) and proc_pid_status(5); where there is no /proc,
// or for root, who is never removed, there are none.
func kinOf(proc string) (kin, bool) {
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return kin{}, false
	}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return kin{}, false
	}
	// The name of the command stands in parentheses and may hold any character.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	_, after, found := bytes.Cut(status, []byte("\nUid:"))
	words := bytes.Fields(after)
	if len(fields) < 4 || !found || len(words) == 0 || string(words[0]) == "0" {
		return kin{}, false
	}
	return kin{session: string(fields[3]), user: string(words[0])}, true
}

// dead says whether a process has ended and waits to be reaped. The script that
// started a daemon may be one, in another session.
func dead(proc string) bool {
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return err == nil && len(fields) > 0 && fields[0][0] == 'Z'
}

// goneWithin bounds the wait for kin; userdel tells of those that stay.
const goneWithin = 5 * time.Second

// gone waits until there is no such process, not even one that init has yet to
// reap: userdel takes each for one that keeps the user in use.
func (k kin) gone(ctx context.Context) error {
	for pause, deadline := time.Millisecond, time.Now().Add(goneWithin); time.Now().Before(deadline); pause = min(2*pause, 100*time.Millisecond) {
		all, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return err
		}
		left := false
		for _, proc := range all {
			one, known := kinOf(proc)
			left = left || known && (one == k || one.user == k.user && dead(proc))
		}
		if !left {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}
