package supervisord

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
)

// stopsBy are the signal that stops it, and how long supervisord waits for that.
func (p program) stopsBy() (syscall.Signal, time.Duration) {
	name := strings.TrimPrefix(strings.ToUpper(p["stopsignal"]), "SIG")
	signal, known := manager.Signals[name]
	if number, err := strconv.Atoi(name); err == nil {
		signal = syscall.Signal(number)
	} else if !known {
		signal = syscall.SIGTERM
	}
	seconds, err := strconv.Atoi(p["stopwaitsecs"])
	if err != nil {
		seconds = 10
	}
	return signal, time.Duration(seconds) * time.Second
}

// killedWithin bounds the wait for the end of what was killed.
const killedWithin = 5 * time.Second

// endLost ends processes, and then what the leader of a process group has left of
// it. It gives an error for each unit of which one runs still.
func endLost(ctx context.Context, all []lost) map[string]error {
	failed := end(ctx, all)
	var rest []lost
	for _, one := range all {
		if !one.member && !one.alive() {
			rest = append(rest, one.members()...)
		}
	}
	maps.Copy(failed, end(ctx, rest))
	return failed
}

// end ends processes as supervisord would, all at once, and waits.
func end(ctx context.Context, all []lost) map[string]error {
	failed := map[string]error{}
	longest := time.Duration(0)
	for _, one := range all {
		signal, within := one.stopsBy()
		longest = max(longest, within)
		one.send(signal, is(one.program["stopasgroup"], "yes", "true", "on", "1"))
	}
	if all = awaitLost(ctx, all, longest); len(all) == 0 {
		return failed
	}
	for _, one := range all {
		one.send(syscall.SIGKILL, true)
	}
	for _, one := range awaitLost(ctx, all, killedWithin) {
		failed[one.unit] = fmt.Errorf("process %d of it, which supervisord has lost, does not end: end it by hand", one.pid)
	}
	return failed
}

// alive says whether the process is still there, and not another one by the same
// number.
func (l lost) alive() bool {
	since, alive := pidfile.Started(l.pid)
	return alive && since.Sub(l.since).Abs() < clock
}

func (l lost) send(signal syscall.Signal, toGroup bool) {
	if !l.alive() {
		return
	}
	to := l.pid
	if toGroup && !l.member {
		to = -l.pid
	}
	_ = syscall.Kill(to, signal) // whether it ends is looked at
}

func awaitLost(ctx context.Context, all []lost, within time.Duration) []lost {
	for deadline := time.Now().Add(within); ; {
		all = slices.DeleteFunc(slices.Clone(all), func(one lost) bool { return !one.alive() })
		if len(all) == 0 || time.Now().After(deadline) {
			return all
		}
		select {
		case <-ctx.Done():
			return all
		case <-time.After(pollEvery):
		}
	}
}

// of gives those that are of the units.
func of(units []manager.Unit, all []lost) []lost {
	return slices.DeleteFunc(slices.Clone(all), func(one lost) bool { return !slices.Contains(names(units), one.unit) })
}
