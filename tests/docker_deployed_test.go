package tests

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A Docker daemon is deployed as a process itself, and then deployed to, in the
// same profile: neither touches what the other runs.
func TestDockerThatWasDeployed(t *testing.T) {
	t.Parallel()
	needsRoot(t, "docker", "dockerd", "runc")
	m := newMachine(t)
	m.inside("mount", "-t", "tmpfs", "tmpfs", "/run")
	d := m.deployment
	d.hostNeeds("docker", "daemon")
	// Short: the path of a socket has at most 107 bytes.
	dir, err := ownDir("npd")
	if err != nil {
		t.Fatal(err)
	}
	cgroup := "nixproc" + filepath.Base(dir)
	if err := os.WriteFile(dir+"/daemon.json", []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.env = append(d.env, "DOCKER_HOST=unix://"+dir+"/state/run/docker.sock", "DOCKER_CONFIG="+dir, "NIXPROC_DOCKER=docker")
	p := &dockerPlace{deployment: d, own: []string{"docker"}}
	daemon := func() (pid int, since string) {
		data, err := os.ReadFile(dir + "/state/run/docker-alt.pid")
		if err != nil {
			return 0, ""
		}
		if pid, err = strconv.Atoi(strings.TrimSpace(string(data))); err != nil || !alive(pid) {
			return 0, ""
		}
		stat := read(t, "/proc", strconv.Itoa(pid), "stat")
		return pid, strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])[19]
	}
	t.Cleanup(func() {
		if pid, _ := daemon(); pid > 1 {
			p.removeAll()
			syscall.Kill(pid, syscall.SIGTERM)
			eventually(t, "that dockerd has ended", func() bool { pid, _ := daemon(); return pid == 0 })
		}
		cleanUp(t, dir, cgroup)
	})
	run := func(command string, args ...string) {
		t.Helper()
		r := d.nixproc(append([]string{command, "--state-dir", dir + "/state", "--force-disable-user-change", "--host-packages"}, args...)...)
		if r.code != 0 {
			t.Fatalf("%s %q: exit code %d\n%s%s", command, args, r.code, r.stdout, r.stderr)
		}
	}
	run("sysvinit-switch", "--runlevel=3", d.model("dockerd.nix", `{
  docker.pkg = import (/. + `+nixString(example(t, "services-agnostic", "constructors/docker"))+`) {
    createManagedProcess = create;
    inherit (pkgs) docker;
    kmod = pkgs.coreutils; # no module is to be loaded here
    inherit runtimeDir;
    libDir = "${stateDir}/lib";
  } {
    extraArgs = [ "--config-file=`+dir+`/daemon.json" "--bridge=none" "--iptables=false" "--ip6tables=false" "--storage-driver=overlay2" "--cgroup-parent=`+cgroup+`" ];
  };
}`))
	eventually(t, "dockerd answers", func() bool { return p.docker("info").code == 0 })
	pid, since := daemon()

	run("docker-switch", p.containers("model.nix", `{ a = obedient "a" { }; }`))
	p.runsExactly("a")
	run("docker-switch", "--undeploy")
	p.runsExactly()
	if now, start := daemon(); now != pid || start != since {
		t.Errorf("dockerd was process %d and is %d", pid, now)
	}
	run("sysvinit-switch", "--runlevel=3", "--undeploy")
	if left := mentions(t, dir+"/state"); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

// A profile that was built before, by this framework or by the one before it,
// whose profiles have no manifest: the next switch goes on from there.
func TestDockerDeploy(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	build := p.nixproc("build", "-P", "docker", "--no-out-link", "--host-packages", "--state-dir", p.path("state"),
		p.containers("model.nix", `rec { a = obedient "a" { }; b = obedient "b" { dependencies = [ a.pkg ]; }; }`))
	if build.code != 0 {
		t.Fatal(build.stderr)
	}
	profile := strings.TrimSpace(build.stdout)
	deploy := func(profile string, args ...string) outcome {
		t.Helper()
		r := p.nixproc(append([]string{"docker-deploy", profile}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
		return r
	}
	deploy(profile)
	before := p.runsExactly("a", "b")
	r := p.mustSwitchTo(p.path("model.nix"))
	kept(t, before, p.runsExactly("a", "b"), "a", "b")
	if !strings.Contains(r.stdout, "2 kept") {
		t.Errorf("a switch to the same says\n%s", r.stdout)
	}

	// The same files without the manifest: a tree of links, as buildEnv makes it.
	older := p.store.build(t, `pkgs.runCommand "docker" { } "mkdir $out; ln -s ${builtins.storePath `+profile+`}/*-* $out/"`)
	if _, err := os.Stat(filepath.Join(older, "nixproc.json")); err == nil {
		t.Fatal("it has a manifest")
	}
	deploy(older, "--force-disable-user-change")
	if got := p.inspect("container", "nixproc-a", "{{.Config.User}}"); got != strconv.Itoa(os.Getuid()) {
		t.Errorf("it runs as %q", got)
	}
	again := p.runsExactly("a", "b")
	deploy(older)
	kept(t, again, p.runsExactly("a", "b"), "a", "b")
	p.mustSwitchTo("--rollback")
	p.runsExactly("a", "b")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}
