package tests

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// awkward are values that something on the way could change, made at run time.
func awkward() map[string]string {
	return map[string]string{
		"spaces":    "  two  words ",
		"percent":   "100% %n %%i %",
		"dollar":    "$HOME ${HOME} $$ $",
		"single":    "it's 'so'",
		"double":    `say "so" "`,
		"backslash": `a\b\\n\x41 \`,
		"markup":    "<&> a=b",
		"semicolon": "; a ;",
		"hash":      "# no comment",
		"newline":   "one\ntwo\n\n[Service]\nUser=nobody\n",
		"tab":       "a\tb\t",
		"accents":   "é 漢字 🙂 ",
		"empty":     "",
		"long":      strings.Repeat("0123456789", 1024),
		"glob":      "*?[a] ~ `id` $(id)",
		"options":   "-x --y=z @+!:",
	}
}

// randomValues are made of characters that mean something to systemd, a shell or
// Nix, in any order.
func randomValues(t *testing.T, count int) map[string]string {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("random seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	alphabet := []rune("ab01'\"\\$%`{}()[]<>|&;#~!*?=,:@+- \t\ns{xnué字🙂")
	values := map[string]string{}
	for i := range count {
		var text strings.Builder
		for range random.IntN(20) {
			text.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		values[fmt.Sprintf("random%d", i)] = text.String()
	}
	return values
}

// Awkward values arrive byte for byte, as arguments and in the environment, in
// the foreground and as a daemon (D20).
func TestSystemdAwkwardValues(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		values := awkward()
		maps.Copy(values, randomValues(t, 200))
		names := make([]string, 0, len(values))
		var args, env strings.Builder
		for name := range values {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&args, "%s ", nixString(values[name]))
			fmt.Fprintf(&env, "V_%s = %s; ", name, nixString(values[name]))
		}
		// As an argument; systemd has no way to take them in a variable.
		const control = "a\x01\x08\x1b[0m\x7fb"
		dump := `cat /proc/$$/cmdline > "$OUT.args"; cat /proc/$$/environ > "$OUT.env"`
		model := m.model("awkward.nix", fmt.Sprintf(`
let
  values = { args = [ %[1]s ]; environment = { %[2]s OUT = "${stateDir}/${"it's 100%%"} $x"; }; };
in {
  fore.pkg = create (values // { name = "fore"; foregroundProcess = script "fore" %[3]s; });
  back.pkg = create (values // {
    name = "back";
    environment = values.environment // { OUT = "${stateDir}/back"; };
    daemon = script "back" %[4]s;
    pidFile = "${runtimeDir}/back 100%%.pid";
  });
  control.pkg = create { name = "control"; foregroundProcess = script "control" %[3]s; args = [ %[5]s ]; environment.OUT = "${stateDir}/control"; };
}`, &args, &env, nixString(dump+"\nexec sleep 1000\n"),
			nixString(dump+"\nsleep 1000 &\necho $! > '"+m.path("state/run/back 100%.pid")+"'\n"), nixString(control)))
		m.mustSwitchTo(model)
		m.runs("fore", "back", "control")
		m.until("control has written", func() bool {
			info, err := os.Stat(m.path("state/control.args"))
			return err == nil && info.Size() > 0
		})
		if got := read(t, m.path("state/control.args")); !strings.HasSuffix(got, "\x00"+control+"\x00") {
			t.Errorf("control characters arrived as %q", got)
		}
		for _, file := range []string{"it's 100% $x", "back"} {
			m.until(file+" has written", func() bool {
				info, err := os.Stat(m.path("state", file+".env"))
				return err == nil && info.Size() > 0
			})
			arguments := strings.Split(strings.TrimSuffix(read(t, m.path("state", file+".args")), "\x00"), "\x00")
			if len(arguments) != len(names)+2 {
				t.Fatalf("%s got %d arguments, want %d: %.300q", file, len(arguments), len(names)+2, arguments)
			}
			environment := map[string]string{}
			for _, variable := range strings.Split(read(t, m.path("state", file+".env")), "\x00") {
				name, value, _ := strings.Cut(variable, "=")
				environment[name] = value
			}
			for i, name := range names {
				if arguments[i+2] != values[name] {
					t.Errorf("%s: the argument %q arrived as %.100q", file, name, arguments[i+2])
				}
				if got, set := environment["V_"+name]; !set || got != values[name] {
					t.Errorf("%s: the variable %q arrived as %.100q", file, name, got)
				}
			}
		}
		m.undeployed()
	})
}

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

// What is said of a process is so in /proc: umask, nice, directory, user, PATH;
// and its initialization ran before it, as root.
func TestSystemdProcessIsAsAsked(t *testing.T) {
	withSystemd(t, func(t *testing.T, m *systemdMachine) {
		directory := m.path("work dir 100%")
		if err := os.Mkdir(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		model := m.model("asked.nix", `{ one = sleeper "one" {
  description = "It's 100% \\";
  umask = "027";
  nice = 7;
  directory = `+nixString(directory)+`;
  user = "npone";
  credentials = { groups.npone = { gid = 42501; }; users.npone = { uid = 42501; group = "npone"; }; };
  path = [ pkgs.bash ];
  environment.COLOUR = "blue";
  initialize = ''
    # It's "quoted", 100% of $HOME
    x="$(id -u) $COLOUR %n \\n"
    echo "$x" > "${stateDir}/initialized"
  '';
}; other = sleeper "other" { environment.PATH = "/a:/b"; }; }`)
		m.mustSwitchTo(model)
		pids := m.runs("one", "other")
		status := m.inside("cat", "/proc/"+pidOf(pids["one"])+"/status").stdout
		uid := "42501"
		if m.user {
			uid = "0"
		}
		for _, want := range []string{"Umask:\t0027\n", "\nUid:\t" + strings.Repeat(uid+"\t", 3) + uid + "\n", "\nGid:\t" + uid + "\t"} {
			if !strings.Contains(status, want) {
				t.Errorf("the process lacks %q:\n%s", want, status)
			}
		}
		stat := m.inside("cat", "/proc/"+pidOf(pids["one"])+"/stat").stdout
		if fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]); fields[16] != "7" {
			t.Errorf("nice is %s, want 7", fields[16])
		}
		if got := strings.TrimSpace(m.inside("readlink", "/proc/"+pidOf(pids["one"])+"/cwd").stdout); got != directory {
			t.Errorf("the directory is %q, want %q", got, directory)
		}
		path := func(name string) string {
			for _, variable := range strings.Split(m.inside("cat", "/proc/"+pidOf(pids[name])+"/environ").stdout, "\x00") {
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
		if r.code != 0 || !strings.Contains(r.stdout, pidOf(pids["one"])) {
			t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		m.undeployed()
		if !m.user && strings.Contains(m.inside("cat", "/etc/passwd").stdout, "npone") {
			t.Error("the user is left")
		}
	})
}

// Sections and properties of any name pass through, overrides may be functions
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
