package run

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
	"unicode"

	"nixproc/lib/quote"
)

// Error says how a command failed.
type Error struct {
	Command Command

	// Code is the exit code, -1 if the program did not exit by itself.
	Code int

	// Signal is what ended the program, 0 if none did.
	Signal syscall.Signal

	// TimedOut and Canceled tell that the program was stopped by us, because
	// its time was up or because the context was canceled.
	TimedOut, Canceled bool

	// Tail is the end of the program's stderr, or of its Log. Control
	// characters other than line breaks and tabs are left out.
	Tail string

	// Cause is the error below this one: context.Canceled,
	// context.DeadlineExceeded, an *exec.ExitError, or what kept the program
	// from being started.
	Cause error
}

// Error gives the command line, what became of it, and the tail; values of
// variables are in none of them (see Line).
func (e *Error) Error() string {
	line := Line(e.Command.Args...)
	var text string
	switch {
	case e.TimedOut:
		text = fmt.Sprintf("%s did not end within %s and was stopped", line, e.Command.timeout())
	case e.Canceled:
		text = line + " was canceled"
	case e.Code >= 0:
		text = fmt.Sprintf("%s failed with exit code %d", line, e.Code)
	case e.Signal != 0:
		text = fmt.Sprintf("%s was ended by signal %d (%s)", line, int(e.Signal), e.Signal)
	default:
		text = fmt.Sprintf("cannot run %s: %v", line, e.Cause)
	}
	if e.Tail == "" {
		return text
	}
	_, values := quote.Hide(e.Command.Args)
	tail := Without(e.Tail, values...)
	from := "its last lines"
	if e.Command.Log != "" {
		from = "the end of " + e.Command.Log
	}
	return text + "; " + from + ":\n  " + strings.ReplaceAll(tail, "\n", "\n  ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code is the exit code that an error of a Runner carries, and -1 for every
// other error, also for a program that was ended by a signal or by us.
func Code(err error) int {
	var e *Error
	if errors.As(err, &e) && !e.TimedOut && !e.Canceled {
		return e.Code
	}
	return -1
}

const (
	tailLines = 20
	tailBytes = 4096
)

// tail keeps the last lines of a text, fit to be shown on a terminal.
func tail(text string) string {
	if len(text) > tailBytes {
		text = text[len(text)-tailBytes:]
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	lines := strings.Split(strings.TrimRight(text, " \t\n"), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return strings.Join(lines, "\n")
}

func (c Command) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return DefaultTimeout
}
