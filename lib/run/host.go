package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"nixproc/lib/seam"
)

// grace is how long a program has to end by itself after it was asked to.
const grace = 5 * time.Second

// Host runs programs on this machine. Each gets /dev/null as stdin, none of
// our descriptors or our caller's, and a session of its own: one that wants to ask something
// on the terminal fails at once instead of being stopped until its time is
// up, and a closed terminal ends nothing that a script left running.
//
// A canceled context sends SIGINT, an expired time SIGTERM, and SIGKILL
// follows 5 s later, all to the program's process group. Processes that left
// the group (daemons) are neither waited for nor signaled; after a normal end
// the group is left alone too.
type Host struct{}

// Run executes one command and waits for its end.
func (Host) Run(ctx context.Context, c Command) (Result, error) {
	return execute(ctx, c, grace)
}

func execute(ctx context.Context, c Command, grace time.Duration) (Result, error) {
	fail := func(err error) (Result, error) {
		return Result{}, &Error{Command: c, Code: -1, Cause: err}
	}
	if len(c.Args) == 0 {
		return fail(errors.New("no program was given"))
	}
	c = bounded(ctx, c)
	if err := ctx.Err(); err != nil {
		return Result{}, stopped(c, err)
	}
	out, err := openOutput(c.Log, c.WithoutLog)
	if err != nil {
		return fail(err)
	}
	defer out.close()

	begin := time.Now()
	p, err := start(c, out)
	if err != nil {
		return fail(err)
	}
	end, why := p.wait(ctx, c.timeout(), grace)
	if err := seam.Ended(c.Args); err != nil {
		return fail(err)
	}
	stdout, stderr, readErr := out.read()
	result := Result{Stdout: stdout, Stderr: stderr, Duration: time.Since(begin)}

	switch {
	case p.refused != nil:
		return result, &Error{Command: c, Code: -1, Cause: p.refused}
	case why == nil && end == nil && readErr == nil:
		return result, nil
	}
	e := &Error{Command: c, Code: -1, Cause: end}
	if why != nil {
		e = stopped(c, why)
	} else if end == nil {
		e.Cause = fmt.Errorf("its output cannot be read: %w", readErr)
		return result, e
	}
	e.Tail = out.tail()
	if exit, ok := errors.AsType[*exec.ExitError](end); ok {
		if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
			e.Signal = status.Signal()
		} else {
			e.Code = status.ExitStatus()
		}
	} else if end == nil {
		e.Code = 0
	} else if why != nil {
		e.Cause = errors.Join(why, end)
	}
	return result, e
}

// stopped is the error of a command that a context, or its time, has ended.
func stopped(c Command, why error) *Error {
	late := errors.Is(why, context.DeadlineExceeded)
	return &Error{Command: c, Code: -1, TimedOut: late, Canceled: !late, Cause: why}
}

// process is a program that was started.
type process struct {
	group   int
	done    chan error
	refused error // what Started said against it
}

func start(c Command, out *output) (*process, error) {
	cmd, err := prepare(c)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = out.stdout, out.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}

	var hold *gate
	if c.Started != nil {
		if hold, err = newGate(cmd); err != nil {
			return nil, err
		}
		defer hold.close()
	}
	sealInherited()
	if err := cmd.Start(); err != nil {
		return nil, explain(err, cmd)
	}
	p := &process{group: cmd.Process.Pid, done: make(chan error, 1)}
	if hold != nil {
		if p.refused = c.Started(cmd.Process.Pid); p.refused == nil {
			p.refused = hold.open()
		}
	}
	go func() { p.done <- cmd.Wait() }()
	seam.Running(c.Args)
	return p, nil
}

func prepare(c Command) (*exec.Cmd, error) {
	args := seam.Program(c.Args)
	cmd := exec.Command(args[0], args[1:]...)
	if errors.Is(cmd.Err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%w: install it, or add its directory to PATH", cmd.Err)
	}
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	cmd.Env = c.Env
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = "/"
	}
	return cmd, nil
}

// explain tells apart what the system reports by one and the same error.
func explain(err error, cmd *exec.Cmd) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if info, dirErr := os.Stat(cmd.Dir); dirErr != nil || !info.IsDir() {
		return fmt.Errorf("the working directory %s does not exist: %w", cmd.Dir, err)
	}
	if _, fileErr := os.Stat(cmd.Path); fileErr == nil && strings.HasPrefix(cmd.Path, "/") {
		return fmt.Errorf("the file is there, but the interpreter that it names is missing: %w", err)
	}
	return err
}

// wait returns how the program ended, and why we ended it if we did.
func (p *process) wait(ctx context.Context, timeout, grace time.Duration) (end, why error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case end = <-p.done:
		return end, nil
	case <-ctx.Done():
		why = ctx.Err()
	case <-timer.C:
		why = context.DeadlineExceeded
	}
	select {
	case end = <-p.done: // it was faster
		return end, nil
	default:
	}
	sig := syscall.SIGINT
	if errors.Is(why, context.DeadlineExceeded) {
		sig = syscall.SIGTERM
	}
	return p.stop(sig, grace), why
}

// stop ends the whole group, not only its leader: what a script was waiting
// for must not go on when the script is gone.
func (p *process) stop(sig syscall.Signal, grace time.Duration) error {
	ended, end := false, error(nil)
	for _, sig := range []syscall.Signal{sig, syscall.SIGKILL} {
		syscall.Kill(-p.group, sig)
		for deadline := time.Now().Add(grace); time.Now().Before(deadline); {
			if ended && errors.Is(syscall.Kill(-p.group, 0), syscall.ESRCH) {
				return end
			}
			if ended && sig == syscall.SIGKILL {
				return end // the rest are zombies that init has yet to reap
			}
			tick := time.After(10 * time.Millisecond)
			if ended {
				<-tick
				continue
			}
			select {
			case end = <-p.done:
				ended = true
			case <-tick:
			}
		}
	}
	if !ended {
		end = fmt.Errorf("process %d still runs %s after SIGKILL", p.group, grace)
	}
	return end
}
