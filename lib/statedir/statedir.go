// Package statedir knows the eight directories in which processes keep their
// state: their defaults, and how they are made. It must not know what is put
// into them, nor where options and environment come from.
package statedir

import "path/filepath"

// Dirs are the directories as they were asked for; "" is not asked for. Asked
// ones are absolute: a caller resolves what a user wrote.
type Dirs struct {
	State   string // all others are below it by default; /var
	Runtime string // pid files; see Expression and Resolved
	Log     string // STATE/log
	Tmp     string // /tmp for the state directory /var, else STATE/tmp
	Cache   string // STATE/cache
	Spool   string // STATE/spool
	Lock    string // STATE/lock
	Lib     string // STATE/lib
}

const defaultState = "/var"

// Expression fills in the defaults that expressions have, in which the
// runtime directory is STATE/run whatever the state directory is. Paths in
// generated files follow from these.
//
// What was not asked for is not to be passed to an expression, though: a
// model has defaults of its own.
func (d Dirs) Expression() Dirs {
	d.State = or(d.State, defaultState)
	d.Runtime = or(d.Runtime, filepath.Join(d.State, "run"))
	if d.State == defaultState {
		d.Tmp = or(d.Tmp, "/tmp")
	}
	d.Log = or(d.Log, filepath.Join(d.State, "log"))
	d.Tmp = or(d.Tmp, filepath.Join(d.State, "tmp"))
	d.Cache = or(d.Cache, filepath.Join(d.State, "cache"))
	d.Spool = or(d.Spool, filepath.Join(d.State, "spool"))
	d.Lock = or(d.Lock, filepath.Join(d.State, "lock"))
	d.Lib = or(d.Lib, filepath.Join(d.State, "lib"))
	return d
}

// Resolved fills in the defaults for directories that are to be made on an
// operating system (runtime.GOOS): on Linux, and under Windows for Cygwin, the
// runtime directory of the state directory /var is /run.
func (d Dirs) Resolved(goos string) Dirs {
	ownRun := goos == "linux" || goos == "windows"
	if d.Runtime == "" && or(d.State, defaultState) == defaultState && ownRun {
		d.Runtime = "/run"
	}
	return d.Expression()
}

func or(asked, otherwise string) string {
	if asked == "" {
		return otherwise
	}
	return filepath.Clean(asked)
}
