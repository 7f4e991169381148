package sysvinit

// Unit is what the manifest of a profile says of an init script, beyond what it
// says of every process.
type Unit struct {
	Script         string   `json:"script"`              // path in the profile
	Runlevels      []string `json:"runlevels,omitempty"` // where it starts
	PIDFile        string   `json:"pidFile,omitempty"`
	PIDFileCertain bool     `json:"pidFileCertain,omitempty"` // the process can't run without the file
	Program        string   `json:"program,omitempty"`
	User           string   `json:"user,omitempty"`
	Log            string   `json:"log,omitempty"`
}
