//go:build torture

package seam

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// A point is a moment before, after or while something is done that others can
// see. It has a name, which is the same in each run: "before journal switch #1".
// What is done several times in a row, as a manager is asked until it is ready,
// is one point.
//
// NIXPROC_TORTURE_LOG is a file to which the names are appended.
// NIXPROC_TORTURE says what is to happen where: "kill", "fail" or "hang", and
// the name of the point.

var (
	log            = os.Getenv("NIXPROC_TORTURE_LOG")
	what, where, _ = strings.Cut(os.Getenv("NIXPROC_TORTURE"), " ")

	mutex  sync.Mutex
	times  = map[string]int{}
	last   string
	passed = map[string]bool{}
)

// errSabotage is what fails with.
var errSabotage = errors.New("sabotage")

// reach tells what is to happen at a point, "" for nothing. It happens once.
func reach(phase, name string) string {
	mutex.Lock()
	defer mutex.Unlock()
	if phase == "before" && name != last {
		times[name]++
		last = name
	}
	point := fmt.Sprintf("%s %s #%d", phase, name, times[name])
	if passed[point] {
		return ""
	}
	passed[point] = true
	if log != "" {
		file, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err == nil {
			fmt.Fprintln(file, point)
			err = file.Close()
		}
		if err != nil {
			panic(err)
		}
	}
	if point != where {
		return ""
	}
	if what == "kill" {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return what
}

func fails(phase, name string) error {
	if reach(phase, name) == "fail" {
		return errSabotage
	}
	return nil
}

// Before is called before something is done that others can see.
func Before(name string) error { return fails("before", name) }

// After is called after it.
func After(name string) error { return fails("after", name) }

// Call is Before for what may hang.
func Call(ctx context.Context, name string) error {
	switch reach("before", name) {
	case "fail":
		return errSabotage
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func nameOf(args []string) string {
	name := "run " + filepath.Base(args[0])
	if len(args) > 1 {
		name += " " + filepath.Base(args[1])
	}
	return name
}

// Program is called before a program is run, and says what is to be run.
func Program(args []string) []string {
	switch reach("before", nameOf(args)) {
	case "fail":
		return []string{"sh", "-c", "echo sabotage >&2; exit 1"}
	case "hang":
		return []string{"sleep", "1000"}
	}
	return args
}

// Running is called while it runs.
func Running(args []string) { reach("while", nameOf(args)) }

// Ended is called when it has ended.
func Ended(args []string) error { return fails("after", nameOf(args)) }
