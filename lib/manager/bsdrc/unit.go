package bsdrc

// Unit is what the manifest of a profile says of an rc script, beyond what it
// says of every process.
type Unit struct {
	Script         string   `json:"script"` // path in the profile
	Provides       []string `json:"provides,omitempty"`
	Requires       []string `json:"requires,omitempty"`
	Before         []string `json:"before,omitempty"`
	Keywords       []string `json:"keywords,omitempty"`
	RCVar          string   `json:"rcvar,omitempty"` // what rc.conf sets to YES to have it start at boot
	PIDFile        string   `json:"pidFile,omitempty"`
	PIDFileCertain bool     `json:"pidFileCertain,omitempty"` // the process can't run without the file
	Daemonised     bool     `json:"daemonised,omitempty"`     // by daemon(8), which keeps the pid file
	Program        string   `json:"program,omitempty"`
	User           string   `json:"user,omitempty"`
	Log            string   `json:"log,omitempty"`
	StopSignal     string   `json:"stopSignal,omitempty"`
}
