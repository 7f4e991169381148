// Package docker runs processes as containers, through the command docker, or
// podman, which takes the same arguments. It knows containers, their images and
// the files that say how to create them; what is to run, and in which order, it
// is told.
package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/quote"
	"nixproc/lib/run"
	"nixproc/lib/statedir"
)

// Manager calls docker. Which daemon that is, docker finds out itself, from
// DOCKER_HOST and its configuration.
type Manager struct {
	Runner  run.Runner
	Program string // docker or podman, see Choose
	Profile string // whose containers these are; it is a label of each
	// AsCaller runs containers as the caller, whatever their profile says.
	AsCaller bool
}

// Choose finds the program: the one that is asked for, or docker, or, where
// only that is installed, podman.
func Choose(asked string) string {
	if asked != "" {
		return asked
	}
	if _, err := exec.LookPath("docker"); err != nil {
		if _, err := exec.LookPath("podman"); err == nil {
			return "podman"
		}
	}
	return "docker"
}

// ownerLabel of a container has the path of the profile as its value.
const ownerLabel = "nixproc.profile"

// Name of the manager.
func (Manager) Name() string { return "docker" }

func containerName(unit manager.Unit) string { return "nixproc-" + unit.Name }

// call runs docker and gives what it prints.
func (m Manager) call(ctx context.Context, words ...string) (string, error) {
	result, err := m.Runner.Run(ctx, run.Command{Args: append([]string{m.Program}, words...)})
	return result.Stdout, err
}

// says tells whether an error is docker's, with one of these words, whatever
// their case.
func says(err error, words ...string) bool {
	failed, ok := errors.AsType[*run.Error](err)
	if !ok {
		return false
	}
	for _, word := range words {
		if strings.Contains(strings.ToLower(failed.Tail), word) {
			return true
		}
	}
	return false
}

// Start makes a container of the unit's image and starts it. One that is left
// of an earlier run goes before: a container keeps nothing but its output.
func (m Manager) Start(ctx context.Context, unit manager.Unit) error {
	if err := m.Stop(ctx, unit); err != nil {
		return err
	}
	if err := m.load(ctx, unit); err != nil {
		return err
	}
	if err := m.makeVolumes(unit); err != nil {
		return err
	}
	if _, err := m.call(ctx, m.create(unit)...); err != nil {
		return err
	}
	_, err := m.call(ctx, "start", containerName(unit))
	return err
}

// create gives the arguments that create the container.
func (m Manager) create(unit manager.Unit) []string {
	own := of(unit)
	words := append([]string{"create"}, own.parameters...)
	words = append(words, "--label", ownerLabel+"="+m.Profile, "--name", containerName(unit))
	if m.asCaller(own) {
		words = append(words, "--user", strconv.Itoa(os.Getuid()))
		// Many programs want a name for who runs them.
		for _, file := range []string{"/etc/passwd", "/etc/group"} {
			if !slices.ContainsFunc(own.parameters, func(word string) bool { return strings.Contains(word, file) }) {
				words = append(words, "--volume", file+":"+file+":ro")
			}
		}
	}
	return append(words, own.tag)
}

func (m Manager) asCaller(own Unit) bool { return m.AsCaller || own.AsCaller }

// makeVolumes makes the host's directories that the container is to see, where
// docker would make them root's, and podman none.
func (m Manager) makeVolumes(unit manager.Unit) error {
	own := of(unit)
	if !m.asCaller(own) && filepath.Base(m.Program) != "podman" {
		return nil
	}
	for i, word := range own.parameters {
		dir, _, _ := strings.Cut(word, ":")
		if i == 0 || own.parameters[i-1] != "--volume" || !filepath.IsAbs(dir) {
			continue
		}
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		if err := statedir.Make(dir); err != nil {
			return fmt.Errorf("the volume of the container can't be made: %w", err)
		}
	}
	return nil
}

// Stop stops the container and removes it. One of another profile is not ours
// to touch.
func (m Manager) Stop(ctx context.Context, unit manager.Unit) error {
	containers, err := m.inspect(ctx, []manager.Unit{unit})
	if err != nil {
		return err
	}
	found, ok := containers[unit.Name]
	if !ok || m.anothers(found) {
		return nil
	}
	timeout := of(unit).stopTimeout
	if found.alive() {
		_, err := m.Runner.Run(ctx, run.Command{
			Args:    []string{m.Program, "stop", "-t", strconv.Itoa(timeout), containerName(unit)},
			Timeout: time.Duration(timeout)*time.Second + run.DefaultTimeout,
		})
		if err != nil {
			return err
		}
	}
	// Created with --rm, it is gone by now.
	_, err = m.call(ctx, "rm", "-f", containerName(unit))
	if err != nil && !says(err, "no such container", "removal of container") {
		return err
	}
	return m.release(ctx, unit, found)
}

// Command is the line that a person would type.
func (m Manager) Command(verb string, unit manager.Unit) string {
	own := of(unit)
	if verb == "stop" {
		return quote.ShellWords(m.Program, "stop", "-t", strconv.Itoa(own.stopTimeout), containerName(unit)) +
			" && " + quote.ShellWords(m.Program, "rm", containerName(unit))
	}
	return quote.ShellWords(m.Program, "load", "-i", own.image) +
		" && " + run.Line(append([]string{m.Program}, m.create(unit)...)...) +
		" && " + quote.ShellWords(m.Program, "start", containerName(unit))
}

// shownLines are asked for of what a container said.
const shownLines = "10"

// LastWords gives the end of what the container printed.
func (m Manager) LastWords(ctx context.Context, unit manager.Unit) string {
	result, err := m.Runner.Run(ctx, run.Command{Args: []string{m.Program, "logs", "--tail", shownLines, containerName(unit)}})
	said := strings.TrimRight(result.Stdout+result.Stderr, "\n")
	if err != nil || said == "" {
		return ""
	}
	return "; the last lines of " + m.Program + " logs " + containerName(unit) + ":\n  " + strings.ReplaceAll(said, "\n", "\n  ")
}
