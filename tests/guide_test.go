package tests

import (
	"os/exec"
	"testing"
)

// Who follows the guide from its begin to its end has everything working, and
// sees what it says.
func TestGuide(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("supervisord"); err != nil {
		t.Skip(err)
	}
	newReader(t, "../docs/guide.md").read()
}
