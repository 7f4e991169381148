package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What overrides see of the generated arguments (COMPAT.md, 3), and that a set
// and a function can delete, replace and append to each of them.
func TestBsdrcOverrides(t *testing.T) {
	t.Parallel()
	out := evalWith(t, false, `let
		process = overrides: ((create "bsdrc") {
			name = "a"; instanceName = "i"; foregroundProcess = "/bin/a"; args = [ "x" ]; pidFile = "/x.pid"; initialize = "mkdir /x";
			environment.A = "1"; path = [ "/p" ]; directory = "/d"; nice = 5; umask = "027"; user = "webapp";
			overrides.bsdrc = overrides;
		}).nixproc;
		parameters = overrides: (process overrides).parameters;
	in {
		names = (parameters (given: given // { environment.SEEN = toString (builtins.attrNames given); })).environment.SEEN;
		few = ((create "bsdrc") { name = "b"; process = "/bin/b"; overrides.bsdrc = given: given // { environment.SEEN = toString (builtins.attrNames given); }; }).nixproc.parameters.environment.SEEN;
		set = parameters {
			environment.B = 2; path = [ "/q" ]; directory = "/e"; nice = null; umask = "022"; user = "other";
			command = "/bin/c"; commandArgs = [ "y" ]; commandIsDaemon = true; pidFile = "/y.pid"; commands.start.post = "true";
			credentials.groups.g = { }; name = "renamed"; requires = [ "NETWORKING" ];
		};
		function = parameters (given: removeAttrs given [ "environment" "path" "directory" "nice" "umask" "user" "pidFile" "commands" ] // {
			commandArgs = given.commandArgs ++ [ "z" ];
		});
		name = (process { name = "renamed"; }).name;
	}`)
	var got struct {
		Names, Few, Name string
		Set, Function    struct {
			Words, Path                                     []string
			Environment                                     map[string]string
			Commands                                        map[string]map[string]string
			Directory, Nice, Umask, User, PIDFile, Procname *string
			CommandIsDaemon, PIDFileGiven                   bool
			LogFile                                         *string
			Requires, Provides                              []string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	const names = "command commandArgs commandIsDaemon credentials dependencies directory environment instanceName name nice path postInstall umask user"
	if got.Few != names || got.Names != strings.Replace(strings.Replace(names, "commandIsDaemon ", "commandIsDaemon commands ", 1), "path ", "path pidFile ", 1) {
		t.Errorf("overrides see\n%s\n%s", got.Names, got.Few)
	}
	s, f := got.Set, got.Function
	if fmt.Sprintln(s.Words, s.Path, s.Environment, s.Commands, *s.Directory, *s.Umask, *s.User, *s.PIDFile, s.Requires, s.Provides) !=
		"[/bin/c y] [/q] map[A:1 B:2] map[start:map[post:true pre:mkdir /x]] /e 022 other /y.pid [NETWORKING] [renamed]\n" || s.Nice != nil || s.LogFile != nil || got.Name != "renamed" {
		t.Errorf("%+v", s)
	}
	if fmt.Sprint(f.Words, f.Path, f.Environment, f.Commands) != "[/usr/sbin/daemon -p /var/run/i.pid -o /var/log/nixproc-i.log /bin/a x z] [] map[] map[]" ||
		f.Directory != nil || f.Nice != nil || f.Umask != nil || f.User != nil || f.PIDFileGiven || *f.Procname != "/bin/a" {
		t.Errorf("%+v", f)
	}
}

// The paths of older checkouts, and rc.subr as they have it.
func TestBsdrcOlderPaths(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"create-bsdrc-script", "generate-bsdrc-script", "build-bsdrc-env", "rcsubr"} {
		out := evalWith(t, false, fmt.Sprintf(`builtins.functionArgs (import %s) == builtins.functionArgs (import %s)`,
			frameworkOf(t, "create-managed-process/bsdrc/"+file+".nix"), frameworkOf(t, "backends/bsdrc/"+file+".nix")))
		if out != "true" {
			t.Errorf("%s has other arguments at its old path", file)
		}
	}
	out := evalWith(t, false, fmt.Sprintf(`import %s { inherit (pkgs) stdenv; forceDisableUserChange = false; }`, frameworkOf(t, "backends/bsdrc/rcsubr.nix")))
	if out != `"/etc/rc.subr"` {
		t.Error(out)
	}
}

// createBSDRCScript called by itself, with commands of its own; packages that
// know nothing of this framework, in the order of their headers; what postInstall
// adds; and no blank in any path, where no launcher is needed.
func TestBsdrcPackages(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	dir, err := ownDir("npb") // without a blank
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.dir = dir
	b.env = append(b.env, "NIX_USER_PROFILE_DIR="+b.path("profiles"))
	file := b.model("model.nix", `
let
  rc = import (/. + `+nixString(checkoutPath(t)+"/nixproc/create-managed-process/bsdrc/create-bsdrc-script.nix")+`) {
    inherit (pkgs) writeTextFile stdenv lib;
    createCredentials = throw "nobody asked for accounts";
    inherit runtimeDir logDir tmpDir;
  };
  note = word: "echo ${word} >>${stateDir}/notes";
  foreign = name: header: pkgs.stdenv.mkDerivation {
    inherit name;
    script = ''
      #!/bin/sh
      # PROVIDE: ${name}
      ${header}

      . /etc/rc.subr

      name=${name}
      rcvar=${name}_enabled
      load_rc_config $name
      command=/usr/sbin/daemon
      command_args="-p ${runtimeDir}/${name}.pid ${pkgs.coreutils}/bin/sleep 1000"
      procname=${pkgs.coreutils}/bin/sleep
      pidfile="${runtimeDir}/${name}.pid"
      start_precmd='${note name}'
      run_rc_command "$1"
    '';
    buildCommand = ''
      mkdir -p $out/etc/rc.d
      printf '%s' "$script" >$out/etc/rc.d/$name
      chmod +x $out/etc/rc.d/$name
    '';
  };
in rec {
  own = { pkg = rc {
    instanceName = "own"; command = "${pkgs.coreutils}/bin/sleep"; commandArgs = [ 1000 ]; commandIsDaemon = false; nice = 3; umask = "027";
    requires = [ "foreign" ];
    rcvarsDefaults.word = "hello world";
    commands = { start.pre = note "own"; start.post = "echo after"; greet.implementation = ''echo "$own_word"''; };
  }; };
  foreign' = { pkg = foreign "foreign" "# REQUIRE: early"; };
  early' = { pkg = foreign "early" ""; };
  without = { pkg = rc { name = "without"; commands.start.implementation = note "without"; commands.stop.implementation = note "without-stop"; dependencies = [ own.pkg ]; }; };
  last = sleeper "last" { dependencies = [ without.pkg ]; initialize = note "last"; postInstall = "echo more >$out/etc/more"; };
}`)
	b.mustSwitchTo(file)
	before := b.runsExactly("own", "foreign", "early", "last")
	if got := read(t, b.path("state/notes")); got != "early\nforeign\nown\nwithout\nlast\n" {
		t.Errorf("the order is %q", got)
	}
	if text := b.script("own"); !strings.Contains(text, "command=/usr/sbin/daemon\ncommand_args='-p "+b.path("state/run/own.pid -o ")) {
		t.Errorf("own says\n%s", text)
	}
	if got := before.fact("process own umask") + before.fact("process own nice"); got != "0027"+strconv.Itoa(3) {
		t.Errorf("umask and nice are %s", got)
	}
	if got := read(t, b.path("profiles/processes/etc/more")); got != "more\n" {
		t.Errorf("postInstall made %q", got)
	}
	r := b.nixproc("bsdrc-runactivity", "onegreet")
	if r.code != 1 || !strings.Contains(r.stdout, "hello world\n") || !strings.Contains(r.stderr, "failed for 4 of 5 processes") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := b.nixproc("bsdrc-deploy", "--state-dir", b.path("state"), "--force-disable-user-change", b.path("profiles/processes")); r.code != 0 || !strings.Contains(r.stdout, "5 kept") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	same(t, before, b.observe(), "own", "foreign", "early", "last")
	b.leavesNothing()
}
