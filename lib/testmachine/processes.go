package testmachine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Process is one that runs inside.
type Process struct {
	PID     int // inside
	Command string
}

// Processes are those that run inside, without process 1 and, under systemd, what
// systemd has started for itself.
func (m *Machine) Processes() ([]Process, error) {
	dirs, err := filepath.Glob(fmt.Sprintf("/proc/%d/root/proc/[0-9]*", m.init))
	if err != nil {
		return nil, err
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("the machine %s has ended: %s", m.spec.Name, m.said())
	}
	var found []Process
	for _, dir := range dirs {
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			continue // it has just ended, or was not waited for
		}
		words, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, err
		}
		command := strings.TrimSpace(strings.ReplaceAll(string(words), "\x00", " "))
		if program, _ := os.Readlink(filepath.Join(dir, "exe")); pid != 1 && !m.own(program, command) {
			found = append(found, Process{pid, command})
		}
	}
	slices.SortFunc(found, func(a, b Process) int { return a.PID - b.PID })
	return found, nil
}

// own says whether a process is one of systemd's: a part of it, or the D-Bus
// daemon that it starts when somebody calls.
func (m *Machine) own(program, command string) bool {
	return m.spec.Manager == "systemd" && (strings.Contains(program, "/lib/systemd/") || strings.Contains(command, " --address=systemd: "))
}
