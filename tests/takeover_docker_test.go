package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dockerModel has containers that sleep, by the old framework's function or by
// ours, whichever stands in the tree. Images are made by hand: few machines have
// what dockerTools needs.
const dockerModel = `{ pkgs ? import <nixpkgs> { }, without ? [ ], seconds ? "1000" }:
let
  create = import ../nixproc/backends/docker/create-docker-container.nix { inherit (pkgs) stdenv lib; };
  image = ` + archiveOfOthers + `;
  container = name: seconds: dependencies: { pkg = create {
    inherit name dependencies;
    dockerImage = image name seconds;
    dockerImageTag = "${name}:latest";
    dockerCreateParameters = [ { name = "init"; } { name = "network"; value = "none"; } ]
      ++ map (path: { name = "volume"; value = "${path}:${path}"; }) pkgs.hostPaths;
  }; };
in
removeAttrs rec {
  base = container "base" "1001" [ ];
  user = container "user" seconds [ base.pkg ];
  gone = container "gone" "1002" [ ];
  new = container "new" "1003" [ base.pkg ];
} without
`

// The same with docker as TestTakesOverFromTheOldTools does with others.
func TestDockerAfterTheOldTools(t *testing.T) {
	t.Parallel()
	oldCheckout(t)
	p := newDocker(t)
	old := newOldTools(p.deployment)
	model := filepath.Join(old.tree, "examples/docker.nix")
	if err := os.WriteFile(model, []byte(dockerModel), 0o644); err != nil {
		t.Fatal(err)
	}
	first := append(without("new"), model)
	options := append([]string{"--state-dir", p.path("state"), "--force-disable-user-change"}, first...)
	old.mustRun(p.deployment, nil, "nixproc-docker-switch", options...)
	before := p.runsExactly("base", "user", "gone")
	if r := p.docker("kill", "nixproc-user"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	p.mustSwitchTo(first...)
	after := p.runsExactly("base", "user", "gone")
	kept(t, before, after, "base", "gone")
	before = after

	p.mustSwitchTo("--extra-params", `{ without = [ "gone" ]; seconds = "2000"; }`, model)
	after = p.runsExactly("base", "user", "new")
	kept(t, before, after, "base")
	if after["user"] == before["user"] {
		t.Error("user was not restarted")
	}
	p.mustSwitchTo("--switch-generation=1")
	before = p.runsExactly("base", "user", "gone")
	kept(t, after, before, "base")

	old.inPlace(t, checkoutPath(t))
	r := p.mustSwitchTo(first...)
	p.runsExactly("base", "user", "gone")
	inOrder := regexp.MustCompile(`(?s)stopped user .*stopped base .*started base .*started user `)
	if !strings.Contains(r.stdout, "3 restarted") || !strings.Contains(r.stdout, "can't be compared") || !inOrder.MatchString(r.stderr) {
		t.Errorf("the switch says\n%s%s", r.stdout, r.stderr)
	}
	p.mustSwitchTo("--switch-generation=1")
	p.runsExactly("base", "user", "gone")
	old.inPlace(t, oldCheckout(t))
	old.mustRun(p.deployment, nil, "nixproc-docker-switch", options...)
	p.runsExactly("base", "user", "gone")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	if left := strings.TrimSpace(p.docker("ps", "-aq").stdout); left != "" {
		t.Errorf("containers are left: %s", left)
	}
}
