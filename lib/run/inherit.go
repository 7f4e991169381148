package run

import (
	"os"
	"strconv"
	"sync"
	"syscall"
)

// sealInherited keeps descriptors that our own caller left open (a lock of a
// script around us, say) from reaching programs: a daemon would hold them for
// as long as it runs. What Go itself opens is never inherited, so once is
// enough.
var sealInherited = sync.OnceFunc(func() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // without /dev/fd there is no list of them
	}
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
})
