package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A boot goes on from the link to the database, by hand or by a switch; where
// the live directory has survived it, too.
func TestS6rcBoot(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	end := p.run()
	model := p.model("model.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; d = daemon "d" "sleep 1000 & echo $! >\"$PID_FILE\"" [ a.pkg ]; }`)
	p.mustSwitchTo(model)
	halt := func() {
		end()
		p.killAll()
	}
	forget := func() {
		for _, dir := range []string{"s6-rc", "service"} {
			if err := os.RemoveAll(p.path("state/run", dir)); err != nil {
				t.Fatal(err)
			}
		}
		if left, _ := filepath.Glob(p.path("state/run/s6-rc:*")); len(left) > 0 {
			if err := os.RemoveAll(left[0]); err != nil {
				t.Fatal(err)
			}
		}
	}

	halt()
	forget()
	end = p.run()
	r := p.mustSwitchTo(model)
	p.runsExactly("a", "b", "d")
	if !strings.Contains(r.stdout, "3 started: generation 1") {
		t.Errorf("the first switch after a boot says\n%s", r.stdout)
	}

	halt()
	forget()
	end = p.run()
	p.must("s6-rc-init", "-c", p.path("state/etc/s6/rc/compiled"), "-l", p.live, p.path("state/run/service"))
	p.must("s6-rc", "-l", p.live, "-u", "change", "default")
	before := p.observe()
	p.mustSwitchTo(model)
	kept(t, before, p.runsExactly("a", "b", "d"), "a", "b", "d")

	halt()
	p.run()
	p.mustSwitchTo(model)
	p.runsExactly("a", "b", "d")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// A newer version of what stands for daemons restarts none: their files are
// new, they stay.
func TestS6rcRefresh(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	const body = `rec { a = sleeper "a" { }; d = daemon "d" "sleep 1000 & echo $! >\"$PID_FILE\"" [ a.pkg ]; }`
	p.mustSwitchTo(p.model("model.nix", body))
	before := p.runsExactly("a", "d")
	tree := p.path("newer tree")
	copyTree(t, filepath.Join(checkoutPath(t), "nixproc"), filepath.Join(tree, "nixproc"))
	script := filepath.Join(tree, "nixproc/backends/s6-rc/daemon.sh")
	if err := os.WriteFile(script, []byte(read(t, script)+"# Newer.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := p.mustSwitchTo(p.modelOf(tree, "newer.nix", body))
	kept(t, before, p.runsExactly("a", "d"), "a", "d")
	if !strings.Contains(r.stdout, "1 refreshed, 1 kept") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	down := strings.Split(p.must("s6-rc-db", "-l", p.live, "-d", "script", "d").stdout, "\x00")
	if len(down) < 2 || !strings.Contains(read(t, down[1]), "# Newer.\n") {
		t.Errorf("s6-rc would take it down by %q", down)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}
