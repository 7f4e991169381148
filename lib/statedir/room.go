package statedir

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// Room fails if no pid files can be written, since the disk is full or read-only:
// a process without its own may run, or not, and nobody knows. It is found out
// by a file, which is removed again, since quotas and the blocks that are kept
// for root are told by nothing else. Whatever else is wrong there is no matter of
// its.
func (d Dirs) Room() error {
	dir := d.Resolved(runtime.GOOS).Runtime
	err := room(dir)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("no pid files can be written in the runtime directory %s (--runtime-dir), so nothing was begun: %w", dir, err)
	}
	return nil
}

func room(dir string) error {
	file, err := os.CreateTemp(dir, ".nixproc-")
	if err != nil {
		return err
	}
	_, err = file.Write([]byte("room\n"))
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}
