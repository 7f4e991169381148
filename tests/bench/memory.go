package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watch looks at a process and its descendants until ended is closed, and gives
// the largest memory, in bytes, that one of them needed while it was nixproc:
// the command itself, or the builder that Nix runs.
//
// The ru_maxrss of wait4(2) won't do: it counts what a process waited for too,
// here Nix, and what its parent had before the exec.
func watch(pid int, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, peakOf(pid))
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}

func peakOf(pid int) (peak int64) {
	proc := fmt.Sprintf("/proc/%d", pid)
	executable, err := os.Readlink(proc + "/exe")
	if err != nil {
		return 0
	}
	// In the store its name has a hash in front.
	if strings.HasSuffix(executable, "-nixproc") {
		peak = highWater(proc)
	}
	children, _ := filepath.Glob(proc + "/task/*/children")
	for _, file := range children {
		data, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(word); err == nil {
				peak = max(peak, peakOf(child))
			}
		}
	}
	return peak
}

// highWater reads VmHWM, proc_pid_status(5).
func highWater(proc string) int64 {
	data, _ := os.ReadFile(proc + "/status")
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
