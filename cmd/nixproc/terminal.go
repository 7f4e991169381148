package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"nixproc/lib/coordinator"
	"nixproc/lib/deploy"
	"nixproc/lib/quote"
	"nixproc/nixeval"
)

// The rules of what is printed:
//
//   - Results go to stdout, all else to stderr, so that a result can be piped.
//   - A line on stderr begins with "nixproc: ", in lower case, without a full
//     stop at its end. Lines that belong to it are indented.
//   - A message says what failed, on which process, the command line, the last
//     lines it said, what runs now, and what to do next.
//   - Values of environment variables are never printed (run.Line), unless
//     --show-values asks for them.
//
// The functions in this file, and the commands that print their result, are
// the only ones that print.

// The exit codes.
const (
	exitDone   = 0
	exitUndone = 1  // failed; everything is as it was before
	exitWrong  = 2  // failed, and not everything is as it was before
	exitBusy   = 3  // another command holds the lock
	exitUsage  = 64 // the command line is wrong
	exitModel  = 65 // the model or the expression is wrong
)

// usageError says what is wrong with the command line.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

var terminal sync.Mutex

// note prints one message to stderr.
func note(format string, args ...any) {
	terminal.Lock()
	defer terminal.Unlock()
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	for i, line := range strings.Split(text, "\n") {
		prefix := "nixproc: "
		if i > 0 && !strings.HasPrefix(line, " ") {
			prefix = "  "
		} else if i > 0 {
			prefix = ""
		}
		fmt.Fprintln(os.Stderr, prefix+line)
	}
}

// notes is note as a writer.
type notes struct{}

func (notes) Write(text []byte) (int, error) {
	note("%s", text)
	return len(text), nil
}

// report prints an error and gives the exit code that stands for it.
func report(err error) int {
	var (
		usage   usageError
		busy    *deploy.BusyError
		other   coordinator.BusyError
		model   *nixeval.ModelError
		failure *deploy.Failure
		network *coordinator.Failure
		models  *coordinator.ModelError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		note("%s", usage.text)
		return exitUsage
	case errors.As(err, &other):
		note("%v\nwait for it to end", err)
		return exitBusy
	case errors.As(err, &busy):
		note("%v\nwait for it to end, or use --wait", err)
		return exitBusy
	case errors.As(err, &model):
		note("%s", model.Text)
		return exitModel
	case errors.As(err, &models):
		note("%s", models.Text)
		return exitModel
	case errors.As(err, &failure):
		return reportFailure(failure)
	case errors.As(err, &network) && network.Wrong:
		note("%v", err)
		return exitWrong
	}
	note("%v", err)
	return exitUndone
}

func reportFailure(failure *deploy.Failure) int {
	for _, fault := range failure.Faults() {
		note("%v", fault)
	}
	if failure.Undone() {
		note("all steps were undone: everything runs as it did before")
		return exitUndone
	}
	if failure.Kept {
		note("nothing was undone, as --no-rollback asks: nixproc status shows what runs, nixproc recover undoes it")
		return exitWrong
	}
	if failure.Moved {
		note("it went on with the rest, as --keep-going asks: what failed is not as it was to be, nor is what depends on it; the same command again tries that, nixproc rollback goes back")
		if !failure.Certain() {
			note("what may run and should not:")
			tellWrong(failure)
		}
		return exitWrong
	}
	note("not everything could be undone:")
	tellWrong(failure)
	note("nixproc recover tries again to undo it, once nothing is in its way")
	return exitWrong
}

// tellWrong names what is not as it should be, with what repairs it.
func tellWrong(failure *deploy.Failure) {
	for _, wrong := range failure.Wrong {
		note("  %s: %v", wrong.Process, wrong.Why)
		if wrong.Repair != "" {
			note("  to repair it, run: %s", wrong.Repair)
			if strings.Contains(wrong.Repair, "="+quote.Hidden) {
				note("  (%s stands for a value, which --show-values shows)", quote.Hidden)
			}
		}
	}
}
