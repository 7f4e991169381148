package s6rc

import "slices"

// The types of a service.
const (
	Longrun = "longrun"
	Oneshot = "oneshot"
	Bundle  = "bundle"
)

// Unit is what the manifest of a profile says of a process, beyond what it says
// of every process: one service, or several that are joined by pipes and have a
// name together.
type Unit struct {
	Services []Service `json:"services"` // sorted by name
	PIDFile  string    `json:"pidFile,omitempty"`
	Program  string    `json:"program,omitempty"`
	Log      string    `json:"log,omitempty"`
	User     string    `json:"user,omitempty"`
	Contents []string  `json:"contents,omitempty"` // of a bundle
	// Needs are the processes that it can't be up without, and that are none of
	// its dependencies: what a bundle stands for, and who reads its pipe.
	Needs []string `json:"needs,omitempty"`
}

// Service is one service definition.
type Service struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// bundle says whether it is but a name for other services.
func (u Unit) bundle() bool { return u.has(Bundle) }

// oneshot says whether nobody supervises what it brings up.
func (u Unit) oneshot() bool { return u.has(Oneshot) }

func (u Unit) has(kind string) bool {
	return slices.ContainsFunc(u.Services, func(s Service) bool { return s.Type == kind })
}
