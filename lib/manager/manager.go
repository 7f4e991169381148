// Package manager says what the planner and the executor have to know of any
// process manager. Each manager has a package of its own below this one; they
// do not know each other, nor plans or profiles' generations.
package manager

import (
	"context"
	"time"
)

// Unit is one process as its manager sees it: a script, a unit file, a program
// section, a container.
type Unit struct {
	Name string
	Rank int // units of a lower rank start before and stop after it
	// Requires names the units that it depends on, where that is known.
	Requires []string
	// Key is equal for two units if the one may go on running in place of the
	// other; "" is equal to none.
	Key   string
	Files string // digest of the unit's files
	File  string // absolute path of its main file

	// Wanted says whether this deployment is to start it; if not, WhyNot says
	// the reason in a few words.
	Wanted bool
	WhyNot string

	PIDFile string // "" if there is none or it is not known
	// PIDFileCertain is false when the unit may run without the file.
	PIDFileCertain bool
	Program        string // what the process runs, "" if not known
	Log            string // where its output goes, "" if not known
	User           string // "" for the caller's

	Attribute  string // its name in the processes model
	Attributes map[string]any
}

// State says what a manager knows of a unit at one moment.
type State struct {
	Condition Condition
	PID       int       // 0 if not known
	Since     time.Time // start of the process, zero if not known
	Detail    string    // what else there is to say, in a few words
}

// Condition of a unit.
type Condition int

// The conditions of a unit.
const (
	Unknown Condition = iota // the manager can't tell
	Running
	Stopped
)

func (c Condition) String() string {
	return [...]string{"unknown", "running", "stopped"}[c]
}

// UnseenError says that a unit was started, but that nothing tells which its
// process is: so nobody can stop it, either.
type UnseenError struct{ Err error }

func (e *UnseenError) Error() string { return e.Err.Error() }

// Unwrap gives the reason.
func (e *UnseenError) Unwrap() error { return e.Err }

// Manager acts on units. Its methods may be called side by side for different
// units.
type Manager interface {
	// Name as in the names of the commands: sysvinit, systemd, …
	Name() string
	// Units reads the units of a profile, whoever built it, sorted by name.
	Units(profile string) ([]Unit, error)
	// Status tells the condition of each unit, without starting programs for
	// units whose condition can be read.
	Status(ctx context.Context, units []Unit) (map[string]State, error)
	// Start starts a unit and returns when its manager says that it has.
	Start(ctx context.Context, unit Unit) error
	// Stop stops a unit; one that does not run is a success.
	Stop(ctx context.Context, unit Unit) error
	// Command is the line that a person would type for "start" or "stop".
	Command(verb string, unit Unit) string
}
