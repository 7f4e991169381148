package pidfile

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Kin of a process that lives: the numbers of its parent, its process group and
// its session, and when it started.
type Kin struct {
	Parent, Group, Session int
	Start                  time.Time
}

// KinOf reads all of it at once; false where there is no such process, or no
// proc(5).
func KinOf(pid int) (Kin, bool) {
	fields := fields(fmt.Sprintf("/proc/%d/stat", pid))
	start, alive := startIn(fields)
	if !alive {
		return Kin{}, false
	}
	number := func(field []byte) int {
		number, _ := strconv.Atoi(string(field))
		return number
	}
	return Kin{number(fields[1]), number(fields[2]), number(fields[3]), start}, true
}

// startIn tells when a process started, by what stands behind the name of its
// command in its stat file, and whether it lives.
func startIn(fields [][]byte) (time.Time, bool) {
	if len(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return time.Time{}, false
	}
	const ticksPerSecond = 100 // USER_HZ of every Linux that Go runs on
	ticks, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return boot.time().Add(time.Duration(ticks) * time.Second / ticksPerSecond), true
}

// Environment is the one that a process was started with; nil if that is not
// known, or not the caller's to know.
func Environment(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

// SameNamespaces says whether two processes count processes in the same way, and see
// the same files; false where that is not known, or not the caller's to know.
func SameNamespaces(a, b int) bool {
	for _, kind := range []string{"pid", "mnt"} {
		one, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", a, kind))
		if err != nil {
			return false
		}
		if other, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", b, kind)); err != nil || other != one {
			return false
		}
	}
	return true
}

// All are the numbers of the processes that there are; none where only the
// signal can tell.
func All() []int {
	entries, _ := os.ReadDir("/proc")
	var all []int
	for _, entry := range entries {
		if number, err := strconv.Atoi(entry.Name()); err == nil {
			all = append(all, number)
		}
	}
	return all
}

// Words are the file that a process runs, and those of its command line; empty if
// they are not known.
func Words(pid int) []string {
	var all []string
	if file := executable(pid); file != "" {
		all = append(all, file)
	}
	for word := range bytes.FieldsFuncSeq(commandLine(pid), func(r rune) bool { return r == 0 || r == ' ' }) {
		all = append(all, string(word))
	}
	return all
}

// fields are those behind the name of the command in a stat file of proc(5),
// which stands in parentheses and may hold any character.
func fields(path string) [][]byte {
	stat, _ := readShort(path, 0)
	return bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
}
