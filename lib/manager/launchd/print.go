package launchd

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"nixproc/lib/run"
)

// job is what launchd says of one that it has loaded.
type job struct {
	pid      int
	state    string // running, not running, spawn scheduled, …; "" if that was not asked for
	exited   bool   // it has run and ended
	lastExit string // its exit code, or what launchd says in place of one
}

// notLoaded is the exit code of "launchctl print" for a job that it does not
// know; other verbs end with the first or the second of these, by version.
const (
	notLoaded = 113 // no such service
	noProcess = 3   // ESRCH
)

// The lines of "launchctl print" for a job that are its own, and not of
// something within it, begin with one tab.
var jobLine = regexp.MustCompile(`(?m)^\t([a-z ]+) = (.*)$`)

// parseJob reads what "launchctl print DOMAIN/LABEL" printed.
func parseJob(text string) job {
	var found job
	for _, match := range jobLine.FindAllStringSubmatch(text, -1) {
		switch value := strings.TrimSpace(match[2]); match[1] {
		case "state":
			found.state = value
		case "pid":
			if pid, err := strconv.Atoi(value); err == nil && pid > 0 {
				found.pid = pid
			}
		case "last exit code", "last terminating signal":
			if value == "(never exited)" {
				continue
			}
			found.exited = true
			found.lastExit = value
		}
	}
	return found
}

// A line of the table of services that "launchctl print DOMAIN" prints: pid, how
// it ended last ("-" for never), label.
var (
	services    = regexp.MustCompile(`(?ms)^\tservices = \{\n(.*?)^\t\}`)
	serviceLine = regexp.MustCompile(`^\s+(\d+)\s+(\S+)\s+(?:\([a-z]+\)\s+)?(\S+)$`)
)

// parseDomain reads the table of services, and says whether there is one.
func parseDomain(text string) (map[string]job, bool) {
	table := services.FindStringSubmatch(text)
	if table == nil {
		return nil, false
	}
	jobs := map[string]job{}
	for line := range strings.Lines(table[1]) {
		match := serviceLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if match == nil {
			continue
		}
		pid, err := strconv.Atoi(match[1])
		if err != nil {
			continue
		}
		jobs[match[3]] = job{pid: pid, exited: pid == 0 && match[2] != "-", lastExit: match[2]}
	}
	return jobs, true
}

func (m Manager) ctl(ctx context.Context, words ...string) (string, error) {
	result, err := m.Runner.Run(ctx, run.Command{Args: append([]string{"launchctl"}, words...)})
	return result.Stdout, err
}

// job asks for one job; false says that launchd has not loaded it.
func (m Manager) job(ctx context.Context, label string) (job, bool, error) {
	text, err := m.ctl(ctx, "print", m.target(label))
	if run.Code(err) == notLoaded {
		return job{}, false, nil
	}
	if err != nil {
		return job{}, false, m.unreachable(err)
	}
	return parseJob(text), true, nil
}

// jobs asks for all jobs of the domain that have these labels: in one call, as
// long as launchd prints its table of them.
func (m Manager) jobs(ctx context.Context, labels []string) (map[string]job, error) {
	text, err := m.ctl(ctx, "print", m.Domain)
	if err != nil {
		return nil, m.unreachable(err)
	}
	if jobs, ok := parseDomain(text); ok {
		return jobs, nil
	}
	jobs := map[string]job{}
	for _, label := range labels {
		one, loaded, err := m.job(ctx, label)
		if err != nil {
			return nil, err
		}
		if loaded {
			jobs[label] = one
		}
	}
	return jobs, nil
}

func (m Manager) unreachable(err error) error {
	return fmt.Errorf("launchd can't be asked what it runs in the domain %s: %w", m.Domain, err)
}
