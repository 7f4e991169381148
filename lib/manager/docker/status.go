package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/run"
)

// container is what "docker container inspect" says of one; podman says the
// same with other dates.
type container struct {
	Name   string
	Image  string            // its ID
	Labels map[string]string // with those of the image
	State  struct {
		Status    string // created, running, paused, restarting, removing, exited, dead
		Pid       int
		StartedAt string
		ExitCode  int
		Error     string
	}
}

// inspectFormat gives JSON texts, in the order of the fields of container.
const inspectFormat = "{{json .Name}} {{json .Image}} {{json .Config.Labels}} {{json .State}}"

// alive says whether there is a process, or docker would start one again by
// itself.
func (c container) alive() bool {
	switch c.State.Status {
	case "running", "paused", "restarting":
		return true
	}
	return false
}

// anothers says whether the container was made for another profile. Without a
// label it is one of the older tools', whose names are the same.
func (m Manager) anothers(c container) bool {
	owner, labeled := c.Labels[ownerLabel]
	return labeled && owner != m.Profile
}

// inspect asks for the containers of all units in one call, by their exact
// names; those that do not exist are not in the result. (A name with nixproc-
// in front is never the beginning of an ID.)
func (m Manager) inspect(ctx context.Context, units []manager.Unit) (map[string]container, error) {
	words := []string{"container", "inspect", "--format", inspectFormat}
	for _, unit := range units {
		words = append(words, containerName(unit))
	}
	result, err := m.Runner.Run(ctx, run.Command{Args: append([]string{m.Program}, words...)})
	if err != nil && !onlyMissing(result.Stderr) {
		return nil, fmt.Errorf("%s can't be asked what it runs: start its daemon, or set DOCKER_HOST: %w", m.Program, err)
	}
	found := map[string]container{}
	decoder := json.NewDecoder(strings.NewReader(result.Stdout))
	for {
		var one container
		for i, field := range []any{&one.Name, &one.Image, &one.Labels, &one.State} {
			unread := decoder.Decode(field)
			if i == 0 && errors.Is(unread, io.EOF) {
				for _, unit := range units {
					// It complains of each that it does not have.
					if _, told := found[unit.Name]; !told && err == nil {
						return nil, fmt.Errorf("%s says nothing of the container %s: %s", m.Program, containerName(unit), result.Stdout)
					}
				}
				return found, nil
			}
			if unread != nil {
				return nil, fmt.Errorf("what %s says of its containers can't be read: %w: %s", m.Program, unread, result.Stdout)
			}
		}
		found[strings.TrimPrefix(strings.TrimPrefix(one.Name, "/"), "nixproc-")] = one
	}
}

// onlyMissing says whether all that docker complains of is that there is no
// such container.
func onlyMissing(stderr string) bool {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, line := range lines {
		if !strings.Contains(strings.ToLower(line), "no such container") {
			return false
		}
	}
	return true
}

// Status asks docker once. It fails if docker can't be asked, so that a switch
// ends before anything is touched.
func (m Manager) Status(ctx context.Context, units []manager.Unit) (map[string]manager.State, error) {
	if len(units) == 0 {
		return nil, nil
	}
	containers, err := m.inspect(ctx, units)
	if err != nil {
		return nil, err
	}
	states := make(map[string]manager.State, len(units))
	for _, unit := range units {
		one, ok := containers[unit.Name]
		switch {
		case !ok:
			states[unit.Name] = manager.State{Condition: manager.Stopped, Detail: "there is no container"}
		case m.anothers(one):
			states[unit.Name] = manager.State{Condition: manager.Stopped, Detail: "its container is one of the profile " + one.Labels[ownerLabel]}
		default:
			states[unit.Name] = one.condition()
		}
	}
	return states, nil
}

func (c container) condition() manager.State {
	switch c.State.Status {
	case "running":
		state := manager.State{Condition: manager.Running, PID: c.State.Pid}
		state.Since, _ = time.Parse(time.RFC3339Nano, c.State.StartedAt)
		return state
	case "paused":
		return manager.State{Condition: manager.Running, PID: c.State.Pid, Detail: "paused"}
	}
	detail := fmt.Sprintf("%s, exit code %d", c.State.Status, c.State.ExitCode)
	if c.State.Error != "" {
		detail += ": " + c.State.Error
	}
	return manager.State{Condition: manager.Stopped, Detail: detail}
}
