//go:build !freebsd

package pidfile

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Started tells when a process started, and whether it lives.
func Started(pid int) (time.Time, bool) {
	fields := fields(fmt.Sprintf("/proc/%d/stat", pid))
	if len(fields) == 0 {
		// Without /proc there is only the signal to ask with.
		if _, statErr := os.Stat("/proc/self/stat"); statErr != nil {
			return time.Time{}, syscall.Kill(pid, 0) != syscall.ESRCH
		}
		return time.Time{}, false
	}
	return startIn(fields)
}

// bootTime is when the machine booted by its present clock.
type bootTime struct {
	mutex sync.Mutex
	asked time.Time
	is    time.Time
}

var boot bootTime

// keptFor bounds how long a change of the machine's clock goes unnoticed.
const keptFor = time.Second

func (b *bootTime) time() time.Time {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if now := time.Now(); now.Sub(b.asked) > keptFor {
		b.asked, b.is = now, time.Time{}
		uptime, err := readShort("/proc/uptime", 0)
		if words := strings.Fields(string(uptime)); err == nil && len(words) > 0 {
			if seconds, err := strconv.ParseFloat(words[0], 64); err == nil {
				b.is = now.Add(-time.Duration(seconds * float64(time.Second)))
			}
		}
	}
	return b.is
}

// Boot names the boot that the numbers of processes are of: those of another one
// name other processes. A container that is started again counts as a boot, so
// its first process is in the name. It does not change with the clock. It is ""
// if that is not known.
func Boot() string {
	id, err := readShort("/proc/sys/kernel/random/boot_id", 0)
	if err != nil {
		return ""
	}
	first := fields("/proc/1/stat")
	if len(first) < 20 {
		return ""
	}
	return strings.TrimSpace(string(id)) + "+" + string(first[19])
}

// runsAs says whether it is the user, or was, whom a process runs as. The owner
// of its directory in /proc does not tell: root has that of one that has changed
// its user.
func runsAs(pid int, uid uint32) bool {
	status, _ := readShort(fmt.Sprintf("/proc/%d/status", pid), 0)
	_, line, _ := strings.Cut(string(status), "\nUid:")
	line, _, _ = strings.Cut(line, "\n")
	return slices.Contains(strings.Fields(line), strconv.Itoa(int(uid)))
}

// executable is the file that a process runs, "" if that is not known.
func executable(pid int) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return path
}

// commandLine is that of a process, its words ended by NUL; empty if that is not
// known.
func commandLine(pid int) []byte {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return line
}
