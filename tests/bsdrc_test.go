package tests

import (
	"strings"
	"testing"
)

func TestBsdrcUpgrade(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace { return bsdPlace{newBSDMachine(t)} }}.test(t)
}

// bsdPlace gives what was observed as other places do.
type bsdPlace struct{ *bsdMachine }

func (p bsdPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	return p.bsdMachine.runsExactly(names...).identities()
}

// Users and groups come before the processes that run as them, and go after
// those; who stays keeps its process.
func TestBsdrcUsers(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	needsRoot(t, "nginx")
	model := newAdvancedModel(b.machine, "null")
	run := func(args ...string) {
		t.Helper()
		r := b.nixproc(append([]string{"bsdrc-switch", "--host-packages", "--state-dir", b.path("state")}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	run(model.args()...)
	before := b.observe()
	for name, id := range advanced {
		b.has(name, id)
		if strings.HasPrefix(name, "webapp") {
			runsAs(t, name, b.running(name), id, id)
		}
	}
	run(model.args("webapp6")...)
	b.hasNot("webapp6")
	same(t, before, b.observe(), "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx")
	run("--undeploy")
	for name := range advanced {
		b.hasNot(name)
	}
	b.runsExactly()
}
