package testmachine

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// watchDirectory removes a directory at the end of its standard input.
func watchDirectory(args []string) error {
	signal.Ignore(unix.SIGINT, unix.SIGHUP, unix.SIGTERM)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return os.RemoveAll(args[0])
}

func watcherAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
