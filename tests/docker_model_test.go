package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inspect gives one value that docker has of a container or an image.
func (p *dockerPlace) inspect(kind, name, format string) string {
	p.t.Helper()
	r := p.docker(kind, "inspect", "--format", format, name)
	if r.code != 0 {
		p.t.Errorf("%s %s: %s", kind, name, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

// What overrides see and may do (COMPAT.md, 3), as a set and as a function:
// delete, replace, append. dockerTools makes an image only where something else
// than its configuration is asked for.
func TestDockerOverrides(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	universal := "(/. + " + nixString(filepath.Join(checkoutPath(t), "nixproc/create-managed-process/universal/create-managed-process-universal.nix")) + ")"
	p.mustSwitchTo(p.model("model.nix", `
let
  names = set: toString (builtins.attrNames set);
  process = name: more: { pkg = create ({ inherit name; foregroundProcess = script name "trap 'exit 0' TERM; sleep 1000 & wait"; } // more); };
  # It makes the same image, and writes down what it was asked for.
  dockerTools.buildImage = args: import (/. + `+nixString(filepath.Join(checkoutPath(t), "nixproc/backends/docker/image.nix"))+`) {
    inherit (pkgs) stdenv;
    nixprocBinary = builtins.storePath (builtins.getEnv "NIXPROC_BUILDER");
  } {
    inherit (args) name tag runAsRoot;
    config = args.config // { Labels = { asked = names args; inherit (args) runAsRoot; }; };
  };
  withDockerTools = import `+universal+` {
    pkgs = pkgs // { inherit dockerTools; };
    inherit stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };
in {
  set = process "set" {
    umask = "027";
    overrides.docker = {
      image.config = { Labels.colour = "blue"; StopSignal = "SIGINT"; };
      container = { useHostNetwork = false; dockerCreateParameters = { network = "none"; init = null; hostname = "a b"; }; };
    };
  };
  function = process "function" {
    nice = -1; directory = "/run"; environment.A = "1"; path = [ pkgs.findutils ];
    overrides.docker = {
      image = generated: generated // {
        config = builtins.removeAttrs generated.config [ "WorkingDir" ] // {
          Cmd = generated.config.Cmd ++ [ "appended" ];
          Labels = { seen = names generated; config = names generated.config; };
        };
      };
      container = generated: builtins.removeAttrs generated [ "dockerCreateParameters" ] // {
        mapStateDirVolumes = generated.mapStateDirVolumes ++ [ "/var/tmp" ];
        dockerCreateParameters = [ { name = "label"; value = "seen=" + names generated; } { name = "e"; value = "B=2"; } { name = "read-only"; } ];
        environment.C = "3";
        dockerImageTag = generated.dockerImageTag;
        dockerStopTimeout = 3;
      };
    };
  };
  tools = { pkg = withDockerTools {
    name = "tools";
    foregroundProcess = script "tools" "trap 'exit 0' TERM; sleep 1000 & wait";
    overrides.docker.image = generated: generated // { runAsRoot = generated.runAsRoot + "mkdir /more\n"; contents = [ ]; };
  }; };
}`))
	p.runsExactly("set", "function", "tools")
	for _, want := range []struct{ name, format, value string }{
		{"set", "{{.HostConfig.NetworkMode}} {{.HostConfig.Init}} {{.Config.Hostname}}", "none true a b"},
		{"set", "{{.Config.StopSignal}} {{.Config.Labels.colour}}", "SIGINT blue"},
		{"function", "{{.Config.Labels.config}}", "Cmd Env WorkingDir"},
		{"function", "{{.Config.WorkingDir}}{{.HostConfig.ReadonlyRootfs}}", "true"},
		{"function", "{{len .HostConfig.CapAdd}}", "0"},
		{"function", `{{index .Config.Cmd (slice "x" 1 | len)}}`, p.inspect("container", "nixproc-set", `{{index .Config.Cmd 0}}`)},
		{"tools", "{{.Config.Labels.asked}}", "config contents name runAsRoot tag"},
	} {
		if got := p.inspect("container", "nixproc-"+want.name, want.format); got != want.value {
			t.Errorf("%s: %s is %q, want %q", want.name, want.format, got, want.value)
		}
	}
	if got := p.inspect("container", "nixproc-function", "{{.Config.Labels.seen}}"); got != "cmd dependencies dockerCreateParameters dockerImage dockerImageTag mapStateDirVolumes name postInstall storePaths useHostNetwork useHostNixStore" {
		t.Errorf("a container's override sees %s", got)
	}
	if got := p.inspect("image", "function:latest", "{{.Config.Labels.seen}}"); got != "config name runAsRoot tag" {
		t.Errorf("an image's override sees %s", got)
	}
	if got := p.inspect("container", "nixproc-tools", "{{.Config.Labels.runAsRoot}}"); !strings.Contains(got, "/etc/passwd") || !strings.HasSuffix(got, "mkdir /more\n") {
		t.Errorf("runAsRoot is %q", got)
	}
	var config struct{ Cmd, Env []string }
	if err := json.Unmarshal([]byte(p.inspect("container", "nixproc-function", "{{json .Config}}")), &config); err != nil {
		t.Fatal(err)
	}
	if config.Cmd[len(config.Cmd)-1] != "appended" || !slices.Contains(config.Env, "A=1") || !slices.Contains(config.Env, "B=2") || !slices.Contains(config.Env, "C=3") {
		t.Errorf("%q", config)
	}
	if text := read(t, p.path("profiles/processes/function-docker-settings")); !strings.HasSuffix(text, "\ndockerStopTimeout=3\n") {
		t.Errorf("the settings are %s", text)
	}
}

// archiveOfOthers is a function of a name and of how many seconds to sleep, to an
// image as dockerTools would leave it: compressed, and with no label of ours.
const archiveOfOthers = `(name: seconds: pkgs.runCommand "image-${name}.tar.gz" { } ''
  mkdir -p fs/bin fs/proc
  tar -C fs -cf layer.tar bin proc
  id=$(sha256sum layer.tar | cut -d ' ' -f 1)
  echo '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sleep","${seconds}"]},"rootfs":{"type":"layers","diff_ids":["sha256:'$id'"]}}' >config.json
  mv config.json $(sha256sum config.json | cut -d ' ' -f 1).json
  echo '[{"Config":"'$(ls | grep 'json$')'","RepoTags":["${name}:latest"],"Layers":["layer.tar"]}]' >manifest.json
  tar -czf $out manifest.json layer.tar $(ls | grep -v manifest | grep 'json$')
'')`

// createDockerContainer called by itself, with an image that somebody made;
// packages that know nothing of this framework, of which the next switch takes
// over; and what postInstall adds.
func TestDockerPackages(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	model := func(depth, seconds string) string {
		return p.containers("model.nix", `
let
  container = import (/. + `+nixString(filepath.Join(checkoutPath(t), "nixproc/create-managed-process/docker/create-docker-container.nix"))+`) {
    inherit (pkgs) stdenv lib hostPaths;
  };
  image = `+archiveOfOthers+` "other" "`+seconds+`";
in rec {
  own = { pkg = container { name = "own"; dockerImage = image; dockerImageTag = "other:latest"; useHostNixStore = true; dockerCreateParameters.init = null; }; };
  foreign = { pkg = pkgs.runCommand "foreign" { } ''
    mkdir $out
    echo 'dockerImage=${image}' >$out/foreign-docker-settings
    echo 'dockerImageTag=other:latest' >>$out/foreign-docker-settings
    for path in ${toString pkgs.hostPaths}; do printf -- '--volume\n%s\n' $path:$path; done >$out/foreign-docker-createparams
    printf -- '--init\n' >>$out/foreign-docker-createparams
    touch $out/02-foreign-docker-priority
  ''; };
  base = obedient "base" { };
  middle = obedient "middle" { dependencies = [ base.pkg ]; };
  last = obedient "last" {
    dependencies = [ `+depth+`.pkg ];
    postInstall = ''
      for file in settings createparams; do cp $out/last-docker-$file $out/extra-docker-$file; done
      touch $out/05-extra-docker-priority
      printf -- '--env\nMORE=1\n' >>$out/last-docker-createparams
    '';
  };
}`)
	}
	p.mustSwitchTo(model("base", "1000"))
	names := []string{"own", "foreign", "base", "middle", "last", "extra"}
	before := p.observe()
	for _, name := range names {
		if before[name] == "" {
			t.Errorf("%s does not run:\n%s", name, p.docker("ps", "-a").stdout)
		}
	}
	if env := p.inspect("container", "nixproc-last", "{{.Config.Env}}"); !strings.Contains(env, "MORE=1") {
		t.Errorf("its environment is %s", env)
	}
	p.mustSwitchTo(model("middle", "1000"))
	kept(t, before, p.observe(), names...)
	// Its image says of itself neither whose it was, nor what for.
	p.mustSwitchTo(model("middle", "2000"))
	after := p.observe()
	kept(t, before, after, "base", "middle", "last", "extra")
	if after["foreign"] == before["foreign"] || after["own"] == before["own"] {
		t.Errorf("what has another image was not restarted: %v", after)
	}
	if _, err := os.Stat(p.path("profiles/processes/03-last-docker-priority")); err != nil {
		t.Error(err)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// Accounts are those of the container, with what the model says of them; a
// container that is started again has them, and the directories, once.
func TestDockerAccounts(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	before := hostAccounts(t)
	p.mustSwitchTo(p.containers("model.nix", `{
  a = obedient "a" {
    user = "second";
    credentials = {
      groups = { first = { gid = 1000; }; second = { }; third.gid = 77; };
      users = {
        first = { uid = 1000; group = "first"; description = "it's $HOME, `+"`id`"+` \"x\""; homeDir = "${stateDir}/home dir"; createHomeDir = true; shell = "/bin/false"; };
        second = { group = "second"; password = "!x"; };
        alone = { };
        only = { homeDir = "${stateDir}/only"; createHomeDir = true; createHomeDirOnly = true; };
      };
    };
  };
}`))
	check := func() {
		t.Helper()
		root := fmt.Sprintf("/proc/%d/root", p.pid("a"))
		for file, want := range map[string][]string{
			"passwd": {
				"first:x:1000:1000:it's $HOME, `id` \"x\":" + p.path("state/home dir") + ":/bin/false",
				"second:x:1002:1001::/dev/null:/bin/sh", "alone:x:1001:1002::/dev/null:/bin/sh",
			},
			"group":  {"first:x:1000:", "second:x:1001:", "third:x:77:", "alone:x:1002:"},
			"shadow": {"second:!x:1::::::", "first:!:1::::::"},
		} {
			lines := strings.Split(read(t, root, "etc", file), "\n")
			for _, line := range want {
				account, _, _ := strings.Cut(line, ":")
				if !slices.Contains(lines, line) || strings.Count(strings.Join(lines, "\n"), "\n"+account+":") != 1 {
					t.Errorf("%s lacks %s:\n%s", file, line, strings.Join(lines, "\n"))
				}
			}
		}
	}
	check()
	for dir, want := range map[string]os.FileMode{"tmp": os.ModeDir | os.ModeSticky | 0o777, "run": os.ModeDir | 0o755, "lib": os.ModeDir | 0o755, "home dir": os.ModeDir | 0o755, "only": os.ModeDir | 0o755} {
		if info, err := os.Stat(p.path("state", dir)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	runsAs(t, "a", p.pid("a"), 1002, 1001)
	if r := p.docker("restart", "-t", "5", "nixproc-a"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	eventually(t, "that it runs again", func() bool { return p.observe()["a"] != "" })
	check()
	if hostAccounts(t) != before {
		t.Error("the host's own users or groups changed")
	}
}

// Without change of users, containers run as the caller, in the state directory
// that was named (D12), which is the caller's, and make no account.
func TestDockerUnprivileged(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	p.hostNeeds("nginx")
	port := freePortsFor(t, simpleNames...)
	p.mustSwitchTo("--force-disable-user-change", port.params(), example(t, "webapps-agnostic", "processes.nix"))
	before := p.runsExactly(simpleNames...)
	reachable(t, port["nginx"], "webapp", port["webapp"])
	for _, name := range simpleNames {
		if got := p.inspect("container", "nixproc-"+name, "{{.Config.User}}"); got != fmt.Sprint(os.Getuid()) {
			t.Errorf("%s runs as %q", name, got)
		}
		// Nobody is added, and who runs it has a name.
		if passwd := read(t, fmt.Sprintf("/proc/%d/root/etc/passwd", p.pid(name))); passwd != read(t, "/etc/passwd") {
			t.Errorf("the accounts of %s are not those of the host:\n%s", name, passwd)
		}
	}
	r := p.mustSwitchTo(port.params(), example(t, "webapps-agnostic", "processes.nix"))
	if !strings.Contains(r.stdout, "2 restarted") {
		t.Errorf("%s", r.stdout)
	}
	if got := p.inspect("container", "nixproc-webapp", "{{.Config.User}}"); got != "" {
		t.Errorf("it runs as %q", got)
	}
	p.mustSwitchTo("--rollback")
	if got := p.inspect("container", "nixproc-webapp", "{{.Config.User}}"); got != fmt.Sprint(os.Getuid()) || p.observe()["webapp"] == before["webapp"] {
		t.Errorf("after going back it runs as %q", got)
	}
}
