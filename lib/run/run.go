// Package run is the one place that executes other programs. It knows how to
// start one, bound its time, stop it with all that it started, and say what
// went wrong in a text that can be pasted into a shell. It must not know what
// the programs are for: how an exit code is to be read is its callers' matter.
//
// The umask of a child is the caller's: Go cannot set one per child, and a
// shell in front of every program only for this would be in the way of exit
// codes and signals. So a command's main sets the umask 022 once, before it
// starts anything, and whoever needs exact modes sets them with chmod.
package run

import (
	"context"
	"time"
)

// DefaultTimeout is how long a program may run when its Command names no time.
const DefaultTimeout = 5 * time.Minute

// Command says what to run, and how.
type Command struct {
	// Args is the program and its arguments. A name without a slash is
	// looked up in the caller's PATH, whatever Env says.
	Args []string

	// Dir is the working directory; "" is "/".
	Dir string

	// Env holds NAME=VALUE strings; nil is the caller's environment.
	Env []string

	// Timeout bounds the run; 0 is DefaultTimeout.
	Timeout time.Duration

	// Log is a file to which stdout and stderr are appended. It is made, with
	// mode 0640, when it is missing; a symbolic link, or anything else that
	// is no regular file, is refused. With "" both go to files without a
	// name, and come back in the Result. A program that leaves a daemon
	// behind should have a Log: what the daemon writes to a file without a
	// name can be read by nobody and takes up room until the daemon ends.
	Log string
	// WithoutLog goes on without the log where that can't be opened: on a full
	// disk, say. A program that stops something has to run all the same.
	WithoutLog bool

	// Started, when set, is called with the process ID (and group ID) of the
	// program before its first instruction. The program runs only once
	// Started has returned nil; if it returns an error, or the caller dies in
	// it, the program never runs. The program waits inside a /bin/sh, which
	// may leave variables of its own (PWD, SHLVL, _) in the environment.
	Started func(pid int) error
}

// Result is what a program that ended left behind.
type Result struct {
	// Stdout and Stderr hold all output up to the end of the program itself.
	// Both are empty when the Command has a Log.
	Stdout, Stderr string

	// Duration is the time from the start to the end, or to giving up.
	Duration time.Duration
}

// Runner executes commands. Each error is an *Error; the Result is filled in
// as far as it is known also when there is an error. A Runner can be used by
// several goroutines at once.
type Runner interface {
	Run(context.Context, Command) (Result, error)
}
