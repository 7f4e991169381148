// Package pidfile tells from a pid file whether a process runs, as proc(5) of
// Linux, or sysctl(3) of FreeBSD, has it. It only reads; whose process that is, and what to do about it, is its
// callers' matter.
package pidfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Process is a process that lives.
type Process struct {
	PID   int
	Start time.Time
}

// slack is how much later than its pid file a process may seem to have started,
// since the two times come from different clocks.
const slack = 2 * time.Second

// Read gives the process that a pid file names, or false where there is none:
// no file, nothing but rubbish in it, a process that has ended (a zombie has),
// a younger process that happens to have got the same number, or one that who
// wrote the file has no right to name (see Doubt).
func Read(file string, expected Expected) (Process, bool, error) {
	process, alive, err := find(file, expected)
	if _, doubt := errors.AsType[distrusted](err); doubt {
		err = nil
	}
	return process, alive, err
}

// Doubt says why a pid file is not believed that names a process which lives; ""
// for any other.
func Doubt(file string, expected Expected) string {
	_, _, err := find(file, expected)
	if doubt, is := errors.AsType[distrusted](err); is {
		return doubt.why
	}
	return ""
}

func find(file string, expected Expected) (Process, bool, error) {
	file, info, content, err := open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Process{}, false, nil
	}
	if err != nil {
		return Process{}, false, err
	}
	pid, ok := numberIn(content)
	if !ok {
		return Process{}, false, nil
	}
	start, alive := Started(pid)
	if !alive {
		return Process{}, false, nil
	}
	if err := believed(file, info, pid, expected); err != nil {
		return Process{}, false, err
	}
	if !written(info, pid, start, expected.Program) {
		return Process{}, false, nil
	}
	return Process{PID: pid, Start: start}, true, nil
}

// numberIn is the first word of a pid file, if that can be a process.
func numberIn(content []byte) (pid int, ok bool) {
	if len(content) == short { // the last word may go on
		content = content[:bytes.LastIndexAny(content, " \t\r\n")+1]
	}
	fields := strings.Fields(string(content))
	if len(fields) == 0 {
		return 0, false
	}
	pid, err := strconv.Atoi(fields[0])
	return pid, err == nil && pid > 1
}

// coarse is the resolution of the times that file systems note.
const coarse = 50 * time.Millisecond

// Ended says whether a file was written since a moment, and names a process that
// lives no more.
func Ended(file string, since time.Time) bool {
	info, err := os.Stat(file)
	if err != nil || info.ModTime().Before(since.Add(-coarse)) {
		return false
	}
	content, err := readShort(file, 0)
	if err != nil {
		return false
	}
	pid, ok := numberIn(content)
	if !ok {
		return false
	}
	_, alive := Started(pid)
	return !alive
}

// written says whether the file was written for the process. A number is given
// again only after its process has ended, so that process is older than the
// file. The shell functions of init scripts go by the same rules.
func written(info fs.FileInfo, pid int, start time.Time, program string) bool {
	if !start.After(info.ModTime().Add(slack)) {
		return true
	}
	// From before this boot, it may name another instance of the program.
	return info.ModTime().After(Booted()) && runs(pid, program)
}

// Booted is when the numbers of processes began anew: a container may have begun
// long after its machine.
func Booted() time.Time {
	if first, alive := Started(1); alive && first.After(boot.time()) {
		return first
	}
	return boot.time()
}

// runs says whether the command line, or the executable, of the process names
// the program.
func runs(pid int, program string) bool {
	if program == "" {
		return false
	}
	base := filepath.Base(program)
	if executable := executable(pid); executable != "" && filepath.Base(executable) == base {
		return true
	}
	for _, word := range bytes.FieldsFunc(commandLine(pid), func(r rune) bool { return r == 0 || r == ' ' }) {
		if filepath.Base(string(word)) == base {
			return true
		}
	}
	return false
}
