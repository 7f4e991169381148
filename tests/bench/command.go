package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// command is a program to run and to take the time of.
type command struct {
	args []string
	env  []string
	// watched measures memory, which disturbs the time.
	watched bool
}

// run of a command.
type run struct {
	took   time.Duration
	peak   int64 // bytes, of the nixproc processes in it, if it was watched
	stdout string
}

// limit of each command; the older tools need minutes for a thousand processes.
const limit = 30 * time.Minute

func (c command) run(ctx context.Context) (run, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// Files, since a daemon that kept a pipe would have to end first.
	out, err := os.CreateTemp("", "bench")
	if err != nil {
		return run{}, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	messages, err := os.CreateTemp("", "bench")
	if err != nil {
		return run{}, err
	}
	defer os.Remove(messages.Name())
	defer messages.Close()

	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, out, messages
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute // nixproc takes back what it did

	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return run{}, err
	}
	var r run
	if c.watched {
		peak, ended := make(chan int64), make(chan struct{})
		go func() { peak <- watch(cmd.Process.Pid, ended) }()
		err = cmd.Wait()
		close(ended)
		r.peak = <-peak
	} else {
		err = cmd.Wait()
	}
	r.took = time.Since(begin)
	if err != nil {
		text, _ := os.ReadFile(messages.Name())
		return r, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, lastLines(string(text)))
	}
	text, err := os.ReadFile(out.Name())
	r.stdout = strings.TrimSpace(string(text))
	return r, err
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// lastLine of what an error says, which is where programs say what is wrong.
func lastLine(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return lines[len(lines)-1]
}
