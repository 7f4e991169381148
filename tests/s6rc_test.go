package tests

import (
	"testing"
)

// (The names of tests are short here: sockets have their directories in their
// paths.)
func TestS6rcModes(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace {
		p := newS6rc(t)
		p.hostNeeds("daemon")
		p.run()
		return p
	}}.test(t)
}

// ours does not count s6-svscan and its own, which stay.
func (p *s6rcPlace) ours() []string { return mentions(p.t, p.path("state", "log")) }
