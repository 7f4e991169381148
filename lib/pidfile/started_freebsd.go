package pidfile

import (
	"bytes"
	"encoding/binary"
	"syscall"
	"time"
	"unsafe"
)

// What sysctl(3) is asked for: sysctl.h(3), sysctl(9).
const (
	ctlKern      = 1
	kernProc     = 14
	kernBootTime = 21

	byPID    = 1
	args     = 7
	pathname = 12
)

// sysctl gives what the kernel answers; nil if it does not.
func sysctl(mib ...int32) []byte {
	answer := make([]byte, 4096)
	for {
		size := uintptr(len(answer))
		_, _, errno := syscall.Syscall6(syscall.SYS___SYSCTL, uintptr(unsafe.Pointer(&mib[0])), uintptr(len(mib)),
			uintptr(unsafe.Pointer(&answer[0])), uintptr(unsafe.Pointer(&size)), 0, 0)
		switch {
		case errno == syscall.ENOMEM && len(answer) < 1<<20:
			answer = make([]byte, 4*len(answer))
		case errno != 0:
			return nil
		default:
			return answer[:size]
		}
	}
}

// Where the fields of struct kinfo_proc are (sys/user.h), on machines with
// addresses of 64 bits.
const (
	kinfoSize = 1088

	pidAt     = 72
	userAt    = 168
	startAt   = 336 // seconds, microseconds
	stateAt   = 388
	endedWord = 5 // SZOMB
)

// kinfo is the struct of a process, nil if there is none, or of another form.
func kinfo(pid int) []byte {
	answer := sysctl(ctlKern, kernProc, byPID, int32(pid))
	if len(answer) < kinfoSize || binary.NativeEndian.Uint32(answer) != kinfoSize || binary.NativeEndian.Uint32(answer[pidAt:]) != uint32(pid) {
		return nil
	}
	return answer
}

// Started tells when a process started, and whether it lives.
func Started(pid int) (time.Time, bool) {
	info := kinfo(pid)
	if info == nil {
		// There is none, or only the signal can tell.
		return time.Time{}, syscall.Kill(pid, 0) != syscall.ESRCH
	}
	return timeval(info[startAt:]), info[stateAt] != endedWord
}

func timeval(data []byte) time.Time {
	return time.Unix(int64(binary.NativeEndian.Uint64(data)), 1000*int64(binary.NativeEndian.Uint64(data[8:])))
}

// bootTime is when the machine booted.
type bootTime struct{}

var boot bootTime

func (bootTime) time() time.Time {
	answer := sysctl(ctlKern, kernBootTime)
	if len(answer) < 16 {
		return time.Time{}
	}
	return timeval(answer)
}

// Boot names the boot that the numbers of processes are of; "" if that is not
// known. Its time moves with the clock, so it is no name.
func Boot() string { return "" }

// runsAs says whether it is the user whom a process runs as.
func runsAs(pid int, uid uint32) bool {
	info := kinfo(pid)
	return info != nil && binary.NativeEndian.Uint32(info[userAt:]) == uid
}

// executable is the file that a process runs, "" if that is not known.
func executable(pid int) string {
	return string(bytes.TrimRight(sysctl(ctlKern, kernProc, pathname, int32(pid)), "\x00"))
}

// commandLine is that of a process, its words ended by NUL; empty if that is not
// known.
func commandLine(pid int) []byte {
	return sysctl(ctlKern, kernProc, args, int32(pid))
}
