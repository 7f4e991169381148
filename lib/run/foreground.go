package run

import (
	"context"
	"os"
	"os/exec"
	"syscall"
)

// Foreground runs a program in the caller's place: with its stdin, stdout,
// stderr, environment and working directory, for as long as it takes. When ctx
// ends, the program gets SIGTERM; its end is waited for all the same.
func Foreground(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	sealInherited()
	err := cmd.Run()
	if err == nil || ctx.Err() != nil && cmd.ProcessState != nil && cmd.ProcessState.Success() {
		return nil
	}
	code := -1
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	return &Error{Command: Command{Args: args}, Code: code, Cause: err}
}
