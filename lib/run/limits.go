package run

import (
	"context"
	"time"
)

type key int

const (
	startedKey key = iota
	timeoutKey
)

// Watched gives a context in which each program is told of before its first
// instruction, as by Command.Started.
func Watched(ctx context.Context, started func(pid int, c Command) error) context.Context {
	return context.WithValue(ctx, startedKey, started)
}

// Within gives a context in which no program may run for longer, whatever its
// Command says; 0 leaves it at that.
func Within(ctx context.Context, timeout time.Duration) context.Context {
	if timeout == 0 {
		return ctx
	}
	return context.WithValue(ctx, timeoutKey, timeout)
}

// Timeout is how long a program may run in a context when its Command names no
// time.
func Timeout(ctx context.Context) time.Duration {
	if timeout, ok := ctx.Value(timeoutKey).(time.Duration); ok {
		return timeout
	}
	return DefaultTimeout
}

// bounded fills in what the context says of a command.
func bounded(ctx context.Context, c Command) Command {
	if c.Timeout == 0 || c.Timeout > Timeout(ctx) && ctx.Value(timeoutKey) != nil {
		c.Timeout = Timeout(ctx)
	}
	if started, ok := ctx.Value(startedKey).(func(int, Command) error); ok && c.Started == nil {
		watched := c
		c.Started = func(pid int) error { return started(pid, watched) }
	}
	return c
}
