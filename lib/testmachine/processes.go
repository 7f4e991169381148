package testmachine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Process is one that runs inside.
type Process struct {
	PID     int // inside
	Command string
}

// Processes are those that run inside, without what every machine of the kind
// has.
func (m *Machine) Processes() ([]Process, error) {
	proc := fmt.Sprintf("/proc/%d/root/proc", m.init)
	files, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the machine %s has ended", m.spec.Name)
	}
	var found []Process
	for _, file := range files {
		dir := filepath.Dir(file)
		stat, err := os.ReadFile(file)
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == 1 {
			continue
		}
		words, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		found = append(found, Process{pid, strings.Join(strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00"), " ")})
	}
	return found, nil
}
