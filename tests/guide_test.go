package tests

import "testing"

// Who follows the guide from its begin to its end has everything working, and
// sees what it says.
func TestGuide(t *testing.T) {
	t.Parallel()
	newReader(t, "../docs/guide.md").read()
}
