package run

import (
	"strings"
	"testing"
)

// No value of a variable is in an error, though the program repeats it.
func TestValuesAreHidden(t *testing.T) {
	for _, script := range []string{`echo "what is $2?" >&2; exit 1`, "kill -9 $$"} {
		_, err := Host{}.Run(t.Context(), Command{Args: sh(script, "--env", "NAME=a secret")})
		if err == nil || !strings.Contains(err.Error(), "--env 'NAME=***'") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
		ShowValues()
		if !strings.Contains(err.Error(), "--env 'NAME=a secret'") {
			t.Errorf("asked for values: %v", err)
		}
		showValues = false
	}
}

// A value that half of all texts have in them makes none unreadable.
func TestShortValuesAreNoSecrets(t *testing.T) {
	_, err := Host{}.Run(t.Context(), Command{Args: sh("echo port 1011 >&2; exit 1", "--env", "NAME=1")})
	if err == nil || !strings.Contains(err.Error(), "--env 'NAME=***'") || !strings.Contains(err.Error(), "port 1011") {
		t.Errorf("%v", err)
	}
}
