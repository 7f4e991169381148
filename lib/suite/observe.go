package suite

import (
	"encoding/json"
	"fmt"
	"strings"
)

// running is what a process of the model runs as.
type running struct {
	PID   int
	Start string // time, in the kernel's clock ticks: with the PID it says which one it is
}

// observe gives what runs, by the names of the model's processes. Which process IDs
// are theirs says the process manager; whether these live, and since when, /proc.
func (t *trial) observe() (map[string]running, error) {
	options, environment := []string{"-P", t.Manager}, []string(nil)
	if t.Manager == "systemd" && t.Unprivileged {
		options = append(options, "--user")
	}
	if t.Manager == "supervisord" {
		_, environment = t.deployment()
	}
	return t.status(account(t.Unprivileged), environment, options...)
}

// observeHost is observe for the process manager itself.
func (t *trial) observeHost() (map[string]running, error) {
	return t.status(account(t.Host.Unprivileged), nil, "-P", "sysvinit", "--profile", hostProfile)
}

func (t *trial) status(user string, environment []string, options ...string) (map[string]running, error) {
	said, err := t.inside(user, environment, append([]string{"nixproc", "status", "--json"}, options...)...)
	var rows []struct {
		Name string `json:"name"`
		PID  int    `json:"pid"`
	}
	// That something does not run is an error, too.
	if json.Unmarshal([]byte(said), &rows) != nil {
		return nil, fmt.Errorf("nixproc status: it can't be told what runs: %w", err)
	}
	argv := []string{"sh", "-c", `for pid; do cat "/proc/$pid/stat" 2>/dev/null || echo; done`, "sh"}
	for _, row := range rows {
		argv = append(argv, fmt.Sprint(row.PID))
	}
	stats, err := t.inside("root", nil, argv...)
	if err != nil {
		return nil, err
	}
	found := map[string]running{}
	for i, stat := range strings.Split(stats, "\n") {
		_, rest, is := strings.Cut(stat, ") ")
		if fields := strings.Fields(rest); is && len(fields) > 19 && fields[0] != "Z" {
			found[rows[i].Name] = running{rows[i].PID, fields[19]}
		}
	}
	return found, nil
}
