// Package manager says what the planner and the executor have to know of any
// process manager. Each manager has a package of its own below this one; they
// do not know each other, nor plans or profiles' generations.
package manager

import (
	"context"
	"time"

	"nixproc/lib/model"
)

// Unit is one process as its manager sees it: a script, a unit file, a program
// section, a container.
type Unit struct {
	Name string
	// Profile is what it was read from, where that is of use (lib/deploy).
	Profile string
	Rank    int // units of a lower rank start before and stop after it
	// Requires names the units that it depends on, where that is known.
	Requires []string
	// Key is equal for two units if the one may go on running in place of the
	// other; "" is equal to none.
	Key string
	// Foreign says that the files are not ours, but a package's of the framework
	// before this, say: the key was read from them.
	Foreign bool
	Files   string // digest of the unit's files
	File    string // absolute path of its main file
	// Installs are the absolute paths of the files that an Installer puts in
	// place for it, in the profile.
	Installs []string

	// Wanted says whether this deployment is to start it; if not, WhyNot says
	// the reason in a few words.
	Wanted bool
	WhyNot string

	PIDFile string // "" if there is none or it is not known
	// PIDFileCertain is false when the unit may run without the file.
	PIDFileCertain bool
	Program        string // what the process runs, "" if not known
	Log            string // where its output goes, "" if not known
	LogFrom        int64  // where that begins in the Log which this start has written
	User           string // "" for the caller's

	// Readiness is how it shows that it can be used; nil if nothing says.
	Readiness *model.Readiness

	Attribute  string // its name in the processes model
	Attributes map[string]any

	Own any // what only its manager knows of it
}

// State says what a manager knows of a unit at one moment.
type State struct {
	Condition Condition
	PID       int       // 0 if not known
	Since     time.Time // start of the process, zero if not known
	Detail    string    // what else there is to say, in a few words
	Doubt     string    // why a pid file is not believed that names a process
	// Lost says which processes of the unit run that the manager has started and
	// knows nothing of, since it was killed and runs anew. Stop ends them too.
	Lost string
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

// Installer is a Manager that reads the files of its units from a place outside
// of the profile.
type Installer interface {
	// Install removes the files of the units in gone from that place, puts those
	// of the units in there into it, and has the manager read them. What is in
	// place already is left alone. A file that neither we nor the older tools
	// put there is never touched: that is an error, before anything is changed.
	// To take it back, call it again with the units as they were.
	Install(ctx context.Context, gone, there []Unit) error
}

// Shared is a Manager whose units have files, or a state, in one directory that
// other profiles use as well.
type Shared interface {
	// Place is that directory. Whoever changes what is in it holds its lock.
	Place() string
}

// Checker is an Installer that can tell beforehand that it would refuse to put
// the files of units in place, so that nothing is stopped in vain.
type Checker interface {
	MayInstall(ctx context.Context, there []Unit) error
}

// Batch is a Manager that starts and stops many units by one command, in an
// order that it knows itself.
type Batch interface {
	// StartAll starts units, StopAll stops them; they give an error for each
	// unit of which it failed, by its name.
	StartAll(ctx context.Context, units []Unit) map[string]error
	StopAll(ctx context.Context, units []Unit) map[string]error
}

// AllFailed is what a batch gives where one error keeps all units from it.
func AllFailed(units []Unit, err error) map[string]error {
	failed := make(map[string]error, len(units))
	for _, unit := range units {
		failed[unit.Name] = err
	}
	return failed
}

// Levels puts units of equal rank together that come one after the other.
func Levels(units []Unit) [][]Unit {
	var found [][]Unit
	for start := 0; start < len(units); {
		end := start
		for end < len(units) && units[end].Rank == units[start].Rank {
			end++
		}
		found = append(found, units[start:end])
		start = end
	}
	return found
}

// Chain is a Manager that stops what depends on a unit before the unit, and
// starts it after, whatever it is told. So a unit does not go on running where
// one that it depends on stops or comes new.
type Chain interface {
	// StopsToStart says whether a unit that has died has to be stopped, with
	// what depends on it, before it can be started.
	StopsToStart(unit Unit) bool
}

// Mover is a Manager that starts processes by one command, which goes from one
// profile to another and does what else belongs to that. What is to stop was
// stopped before, one by one.
type Mover interface {
	// Move goes from one profile to another, "" for none. The units in start are
	// those that do not run and are to run then; all others are as the old profile
	// says. A move that fails leaves all that it can as it was.
	Move(ctx context.Context, old, new string, start []Unit) error
}

// Comparer is a Manager that can compare a process of the framework before this
// with one of ours by their files, though their keys have nothing in common.
type Comparer interface {
	// Difference says in a few words what is different, or can't be told; "" if
	// the process of the one may go on running in place of the other.
	Difference(old, new Unit) string
}

// Witness is a Manager that can tell what a process said before it ended, where
// that is not in a log file. What it gives is put after an error as it is.
type Witness interface {
	LastWords(ctx context.Context, unit Unit) string
}
