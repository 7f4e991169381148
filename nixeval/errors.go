package nixeval

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"nixproc/lib/run"
)

// nixError words why a program of Nix failed, where it is not about the user's
// expressions. Neither the text of our own expression, which is on the command
// line, nor the form of Nix's messages is for people.
func nixError(program string, messages []message, err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not on PATH: install the Nix package manager (on Debian: apt-get install nix-bin)", program)
	}
	var failed *run.Error
	if !errors.As(err, &failed) {
		return err
	}
	if failed.Canceled {
		return fmt.Errorf("interrupted: %s was stopped", program)
	}
	var said []string
	for _, m := range messages {
		if m.isError() {
			return fmt.Errorf("Nix does not work here: %s", m.summary())
		}
		if text := m.text(); text != "" && m.Level <= levelWarn {
			said = append(said, text)
		}
	}
	plainly := *failed
	plainly.Command.Args = []string{program}
	plainly.Tail = strings.Join(said[max(0, len(said)-keptLogLines):], "\n")
	return &plainly
}
