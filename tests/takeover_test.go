package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// takeoverModel is the old framework's own advanced example without some of its
// processes.
const takeoverModel = `{ pkgs ? import <nixpkgs> { }, stateDir ? "/var", runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log", cacheDir ? "${stateDir}/cache", libDir ? "${stateDir}/lib", tmpDir ? "${stateDir}/tmp"
, forceDisableUserChange ? false, processManager, without ? [ ] }:
removeAttrs (import ./processes-advanced.nix {
  inherit pkgs stateDir runtimeDir logDir cacheDir libDir tmpDir forceDisableUserChange processManager;
}) without
`

// model writes the old framework's example with these ports into the tree, and
// gives its path.
func (o *oldTools) model(t *testing.T, port ports) string {
	t.Helper()
	folder := filepath.Join(o.tree, "examples/webapps-agnostic")
	ids := strings.TrimPrefix(port.params(), "--extra-params=")
	for name, text := range map[string]string{"ids-advanced.nix": ids, "takeover.nix": takeoverModel} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "takeover.nix")
}

// without is the option that leaves out processes of the model.
func without(names ...string) []string {
	return []string{"--extra-params", `{ without = [ "` + strings.Join(names, `" "`) + `" ]; }`}
}

// The first switch after the old tools compares with what they left: with their
// expressions in place, only what changed restarts.
func TestSysvinitAfterTheOldTools(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	o := newOldTools(d)
	d.hostNeeds("nginx", "daemon")
	port := freePortsFor(t, append(slices.Clone(advancedNames), "other")...)
	deploy := append(without("webapp6", "nginx2"), "--state-dir", d.path("state"), "--force-disable-user-change", "--runlevel", "3", o.model(t, port))
	o.mustRun(d, nil, "nixproc-sysvinit-switch", deploy...)
	before := d.observe()
	runs(t, before, "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx")
	reachable(t, port["nginx"], "webapp1", port["webapp1"])

	port["webapp3"] = port["other"]
	d.mustSwitchTo(append(without("webapp5", "nginx2"), "--host-packages", o.model(t, port))...)
	after := d.observe()
	runs(t, after, "webapp1", "webapp2", "webapp3", "webapp4", "webapp6", "nginx")
	same(t, before, after, "webapp1", "webapp2", "webapp4")
	replaced(t, before, after, "webapp3", "nginx")
}
