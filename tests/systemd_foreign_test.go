package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldSystemd is what the framework before this makes of two processes, one of
// which depends on the other: packages with a unit each (COMPAT.md, 4).
const oldSystemd = `
  old = name: seconds: dependencies: pkgs.stdenv.mkDerivation {
    name = "nix-process-${name}";
    unit = ''
      [Service]
      ExecStart=${pkgs.coreutils}/bin/sleep ${seconds}
      Type=simple
      Environment=PATH=${pkgs.lib.makeBinPath [ pkgs.coreutils pkgs.gnused pkgs.gnugrep pkgs.inetutils ]}

      [Unit]
      Description=An old ${name}
      ${pkgs.lib.concatMapStrings (d: "Wants=${d.name}.service\nAfter=${d.name}.service\n") dependencies}
    '';
    buildCommand = ''
      mkdir -p $out/etc/systemd/system
      printf '%s' "$unit" >$out/etc/systemd/system/$name.service
    '';
  };
  first = old "first" "1000" [ ];
  second = old "second" "1001" [ first ];
`

// The first switch on a machine that the older tools deployed takes over: what
// means the same goes on running, what changed is restarted, once.
func TestSystemdTakesOver(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		// What the older tools leave: a profile without a manifest, links into
		// the store, and what they started.
		profile := m.store.build(t, `let `+oldSystemd+` in pkgs.buildEnv { name = "systemd"; paths = [ first second ]; }`)
		for _, dir := range []string{m.units, m.path("profiles")} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"nix-process-first.service", "nix-process-second.service"} {
			to, err := filepath.EvalSymlinks(filepath.Join(profile, "etc/systemd/system", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, filepath.Join(m.units, name)); err != nil {
				t.Fatal(err)
			}
		}
		m.systemctl("daemon-reload")
		m.systemctl("start", "nix-process-first", "nix-process-second")
		if out, err := m.store.nix([]string{"NIX_USER_PROFILE_DIR=" + m.path("profiles")}, "nix-env", "-p", m.path("profiles", "processes"), "--set", profile); err != nil {
			t.Fatal(out, err)
		}
		before := m.runs("first", "second")

		r := m.mustSwitchTo(m.model("new.nix", `rec {
  first = sleeper "first" { };
  second = sleeper "second" { args = [ 1002 ]; dependencies = [ first.pkg ]; };
}`))
		if !strings.Contains(r.stdout, "1 restarted, 1 refreshed: generation 2") {
			t.Errorf("the result says\n%s%s", r.stdout, r.stderr)
		}
		after := m.runs("first", "second")
		m.kept(before, after, "first")
		if after["second"] == before["second"] {
			t.Error("second was not restarted")
		}
		for _, name := range m.unitFiles() {
			if to, err := os.Readlink(filepath.Join(m.units, name)); err == nil && strings.HasPrefix(to, "/") {
				t.Errorf("%s is still a link to %s", name, to)
			}
		}
		m.mustSwitchTo("--rollback")
		m.kept(before, m.runs("first", "second"), "first")
		m.undeployed()
	})
}

// Packages of the framework before this, beside processes of ours that depend
// on them, in one model.
func TestSystemdPackagesOfTheOldFramework(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		model := m.model("mixed.nix", `let `+oldSystemd+` in {
  first = { pkg = first; port = 5; };
  second = { pkg = second; };
  third = sleeper "third" { dependencies = [ second ]; };
}`)
		r := m.mustSwitchTo(model)
		if strings.Contains(r.stderr, "warning") {
			t.Errorf("the switch says\n%s", r.stderr)
		}
		before := m.runs("first", "second", "third")
		if unit := read(t, m.units, "nix-process-third.service"); !strings.Contains(unit, "\nWants=nix-process-second.service\nAfter=nix-process-second.service\n") {
			t.Errorf("the unit is\n%s", unit)
		}
		m.verify()
		if r := m.mustSwitchTo(model); !strings.Contains(r.stdout, "3 kept") {
			t.Errorf("the same switch again says\n%s", r.stdout)
		}
		m.kept(before, m.pids(), "first", "second", "third")
		m.undeployed()
	})
}
