package run

import (
	"os"

	"golang.org/x/sys/unix"
)

// inMemory makes a nameless file that is on no disk: a full one does not keep a
// program from running.
func inMemory() (*os.File, error) {
	fd, err := unix.MemfdCreate("nixproc-output", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "the output")
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_APPEND); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
