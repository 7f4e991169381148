package suite

import "time"

// The kinds of trials that each variant is put to.
const (
	Test    = "test"    // deploy, and do what the suite says
	Upgrade = "upgrade" // nothing, the model, one process changed, back again, nothing
	Crash   = "crash"   // a process and the process manager are killed
)

// Kinds are all of them, in the order in which they run.
var Kinds = []string{Test, Upgrade, Crash}

// Syntax is the cause of a failure for which nothing was started.
const Syntax = "syntax"

// How a trial ended.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
)

// Result is what became of a trial.
type Result struct {
	Suite   string        `json:"suite"`
	Profile string        `json:"profile"`
	Manager string        `json:"manager"`
	Kind    string        `json:"variant"`
	Status  string        `json:"status"`
	Cause   string        `json:"cause,omitempty"` // of a failure: see Failure
	Message string        `json:"message,omitempty"`
	Log     string        `json:"log,omitempty"`   // of a failure: the file
	Enter   string        `json:"enter,omitempty"` // of what was left running: how to get in, and how to end it
	End     string        `json:"end,omitempty"`
	Took    time.Duration `json:"-"`
	Seconds float64       `json:"seconds"`
}

// Failure is what did not hold. Cause is one of
//
//	syntax        statements of the suite are no Python; nothing was started
//	machine       there was no machine to test in
//	deployment    the model, or its process manager, could not be deployed
//	readiness     a process did not get ready
//	assertion     a statement of the suite failed
//	upgrade       an upgrade did other than change the one process
//	crash         what was killed did not come back
//	undeployment  it could not be undeployed
//	leak          something ran after that
type Failure struct{ Cause, Text string }

func (f *Failure) Error() string { return f.Cause + ": " + f.Text }
