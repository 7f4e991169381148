package tests

import (
	"fmt"
	"os"
	"path/filepath"

	"strconv"
	"strings"
	"testing"
)

// What systemd would ignore is refused, with the process and the reason, before
// anything is touched.
func TestSystemdRefuses(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("wrong.nix", `{
  one = sleeper "one" { environment = { GOOD = "a"; BAD = "a`+"\x01"+`b"; "no-name" = 1; }; };
  two = sleeper "two" { nice = 33; umask = "089"; };
  three = { pkg = create { name = "three"; }; };
  four = sleeper "a+name" { };
}`)
	r := d.nixproc("systemd-switch", "--user", "--host-packages", "--state-dir", d.path("state"), model)
	for _, want := range []string{
		"process 'one': environment: the value of BAD has the control character U+0001 in it",
		`process 'one': environment: "no-name" can't be the name of a variable`,
		`process 'two': nice: "33" is not a whole number from -20 to 19`,
		`process 'two': umask: "089" is not an octal number`,
		"process 'three': it has nothing to run",
		`"nix-process-a+name.service" can't be the name of a systemd unit`,
	} {
		if r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d; the message lacks %q:\n%s", r.code, want, r.stderr)
		}
	}
	model = d.model("quote.nix", `{ one = sleeper "one" { foregroundProcess = "/bin/it's"; }; two = sleeper "two" { directory = "/a\nb"; }; }`)
	r = d.nixproc("systemd-switch", "--user", "--host-packages", "--state-dir", d.path("state"), model)
	if r.code != 65 || !strings.Contains(r.stderr, "systemd runs no program with a quote") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if _, err := os.Stat(d.path("state")); err == nil {
		t.Error("a refused model made the state directory")
	}
}

// What only systemd does: a description for people, an explicit PATH in place of
// the packages', a path with a percent sign in it, an initialization that a shell
// has to get as it is.
func TestSystemdProcessIsAsAsked(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		directory := m.path("work dir 100%")
		if err := os.Mkdir(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		model := m.model("asked.nix", `{ one = sleeper "one" {
  description = "It's 100% \\";
  directory = `+nixString(directory)+`;
  path = [ pkgs.bash ];
  environment.COLOUR = "blue";
  initialize = ''
    # It's "quoted", 100% of $HOME
    x="$(id -u) $COLOUR %n \\n"
    echo "$x" > "${stateDir}/initialized"
  '';
}; other = sleeper "other" { environment.PATH = "/a:/b"; }; }`)
		m.mustSwitchTo(model)
		m.runs("one", "other")
		if got, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", m.outside("one"))); got != directory {
			t.Errorf("the directory is %q (%v), want %q", got, err, directory)
		}
		path := func(name string) string {
			for _, variable := range strings.Split(read(t, "/proc", strconv.Itoa(m.outside(name)), "environ"), "\x00") {
				if value, ok := strings.CutPrefix(variable, "PATH="); ok {
					return value
				}
			}
			return ""
		}
		if got := path("one"); !strings.Contains(got, "-coreutils") || !strings.Contains(got, "-bash") || strings.Index(got, "-coreutils") > strings.Index(got, "-bash") {
			t.Errorf("PATH is %s, want the base packages and then the given one", got)
		}
		if got := path("other"); got != "/a:/b" {
			t.Errorf("an explicit PATH arrived as %q", got)
		}
		if got, want := read(t, m.path("state", "initialized")), "0 blue %n \\n\n"; got != want {
			t.Errorf("the initialization wrote %q, want %q", got, want)
		}
		if got := strings.TrimSpace(m.systemctl("show", "--property=Description", "--value", "nix-process-one").stdout); got != `It's 100% \` {
			t.Errorf("the description is %q", got)
		}
		r := m.inside(append([]string{m.binary, "status"}, map[bool][]string{true: {"--user"}}[m.user]...)...)
		if inner := pidOf(m.pids()["one"]); r.code != 0 || !strings.Contains(r.stdout, inner) {
			t.Errorf("status: exit code %d, want process %s in it\n%s%s", r.code, inner, r.stdout, r.stderr)
		}
		m.undeployed()
	})
}

// Sections and properties of any name pass through (D41), overrides may be functions
// or sets, and systemd reads what was meant.
func TestSystemdSections(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		model := m.model("sections.nix", `{
  one = sleeper "one" { overrides.systemd = given: given // {
    Unit = given.Unit // { Documentation = [ "man:one(1)" "man:two(1)" ]; };
    Service = given.Service // {
      ExecStart = given.Service.ExecStart + "0";
      ExecStartPost = [ [ "${pkgs.coreutils}/bin/touch" "\"${stateDir}/post1\"" ] [ "${pkgs.coreutils}/bin/touch" "\"${stateDir}/post2\"" ] ];
      PrivateTmp = false;
      RemainAfterExit = true;
      LimitNOFILE = 1000;
      "Environment=IN_SYSTEMD" = 1;
      Group = "root";
    };
    Install.WantedBy = "multi-user.target";
    "X-Own" = { Some = "thing"; };
  }; };
  done = { pkg = create {
    name = "done";
    foregroundProcess = "${pkgs.coreutils}/bin/touch";
    args = [ "${stateDir}/done" ];
    overrides.systemd.Service.Type = "oneshot";
  }; };
}`)
		m.mustSwitchTo(model)
		pids := m.pids()
		if line := m.inside("cat", "/proc/"+pidOf(pids["one"])+"/cmdline").stdout; !strings.HasSuffix(line, "sleep\x0010000\x00") {
			t.Errorf("the appended argument arrived as %q", line)
		}
		unit := read(t, m.units, "nix-process-one.service")
		for _, want := range []string{
			"\nDocumentation=man:one(1) man:two(1)\n", "\nPrivateTmp=no\nRemainAfterExit=yes\n", "\nLimitNOFILE=1000\n",
			"\nEnvironment=IN_SYSTEMD=1\n", "\n[Install]\nWantedBy=multi-user.target\n", "\n[X-Own]\nSome=thing\n",
		} {
			if !strings.Contains(unit, want) {
				t.Errorf("the unit lacks %q:\n%s", want, unit)
			}
		}
		if strings.Contains(unit, "\nGroup=") != !m.user {
			t.Errorf("Group= with user change %v:\n%s", !m.user, unit)
		}
		for _, file := range []string{"post1", "post2", "done"} {
			if _, err := os.Stat(m.path("state", file)); err != nil {
				t.Error(err)
			}
		}
		m.verify()
		// What is meant to end, and has, is left alone.
		if err := os.Remove(m.path("state", "done")); err != nil {
			t.Fatal(err)
		}
		r := m.mustSwitchTo(model)
		if _, err := os.Stat(m.path("state", "done")); err == nil || !strings.Contains(r.stdout, "2 kept") {
			t.Errorf("a oneshot that has done its work ran again:\n%s", r.stdout)
		}
		m.undeployed()
	})
}

// Units that postInstall makes are installed, started and stopped too.
func TestSystemdUnitsOfPostInstall(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		model := func(seconds int) string {
			return m.model("timer.nix", `{ tick = { pkg = create {
  name = "tick";
  foregroundProcess = script "tick" "echo x >> '${stateDir}/ticks'";
  overrides.systemd = { Service.Type = "oneshot"; Unit.StartLimitIntervalSec = 0; };
  postInstall = ''
    printf '[Timer]\nOnActiveSec=0\nOnUnitActiveSec=`+strconv.Itoa(seconds)+`ms\nAccuracySec=10ms\n' > $out/etc/systemd/system/nix-process-tick.timer
  '';
}; }; other = sleeper "other" { }; }`)
		}
		m.mustSwitchTo(model(100))
		ticks := func() int {
			data, _ := os.ReadFile(m.path("state", "ticks"))
			return len(data) / 2
		}
		m.until("the timer has fired three times", func() bool { return ticks() >= 3 })
		if r := m.mustSwitchTo(model(100)); !strings.Contains(r.stdout, "2 kept") {
			t.Errorf("the same switch again says\n%s", r.stdout)
		}
		if r := m.mustSwitchTo(model(200)); !strings.Contains(r.stdout, "1 restarted, 1 kept") {
			t.Errorf("a switch with another timer says\n%s", r.stdout)
		}
		m.undeployed()
		if _, err := os.Stat(filepath.Join(m.units, "nix-process-tick.timer")); err == nil {
			t.Error("the timer is left")
		}
	})
}
