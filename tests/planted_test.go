package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// stranger is another user, who may write in the directory for temporary files.
const stranger = 65533

// Whatever a stranger has put where the pid file and the log of a process go,
// nothing is written through it, and the process runs.
func TestPlantedFiles(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon")
	m.inside(m.binary, "init-state", "--state-dir", m.path("state"))
	victim, nowhere := m.write("victim", "untouched\n"), m.path("nowhere")
	if err := os.Chmod(victim, 0o666); err != nil { // for whoever is led there
		t.Fatal(err)
	}
	plants := map[string]func(file string) error{
		"nplink":   func(file string) error { return os.Symlink(victim, file) },
		"npdangle": func(file string) error { return os.Symlink(nowhere, file) },
		"nphard":   func(file string) error { return os.Link(victim, file) },
		"npfifo":   func(file string) error { return syscall.Mkfifo(file, 0o666) },
		"npfile":   func(file string) error { return os.WriteFile(file, []byte("1\n"), 0o666) },
	}
	users := map[string]string{}
	for name, plant := range plants {
		users[name] = ""
		for _, file := range []string{name + ".pid", "nixproc-" + name + ".log"} {
			m.plant(file, plant)
		}
	}
	m.mustSwitchAsRoot("--runlevel=3", m.sleepers("model.nix", users, ""))
	for name := range plants {
		pid := m.running(name)
		for _, file := range []string{name + ".pid", "nixproc-" + name + ".log"} {
			info, err := os.Lstat(m.path("state", "tmp", file))
			if err != nil {
				t.Error(err)
				continue
			}
			owner := info.Sys().(*syscall.Stat_t)
			if want := status(t, pid, "Uid")[0]; info.Mode() != 0o644 || owner.Nlink != 1 || fmt.Sprint(owner.Uid) != want {
				t.Errorf("%s is %s of user %d with %d names, want a file of user %s", file, info.Mode(), owner.Uid, owner.Nlink, want)
			}
		}
	}
	if is := read(t, victim); is != "untouched\n" {
		t.Errorf("the other file has %q", is)
	}
	if _, err := os.Lstat(nowhere); err == nil {
		t.Error("a file was made where a link led to")
	}

	// What can't be replaced fails the switch, which is undone.
	m.plant("npdir.pid", func(file string) error { return os.Mkdir(file, 0o777) })
	users["npdir"] = ""
	r := m.switchAsRoot("--runlevel=3", m.sleepers("more.nix", users, ""))
	if r.code != 1 || !strings.Contains(r.stderr, "npdir.pid") {
		t.Errorf("a directory in the way: exit code %d\n%s", r.code, r.stderr)
	}
	for name := range plants {
		m.running(name)
	}
}

// plant makes something in the directory for temporary files as a stranger.
func (m *machine) plant(name string, make func(file string) error) {
	m.t.Helper()
	file := m.path("state", "tmp", name)
	if err := make(file); err != nil {
		m.t.Fatal(err)
	}
	if info, err := os.Lstat(file); err != nil || info.Sys().(*syscall.Stat_t).Nlink == 1 || info.IsDir() {
		if err := os.Lchown(file, stranger, stranger); err != nil {
			m.t.Fatal(err)
		}
	}
}

// A pid file that a stranger has made is reported, and the process that it names
// is neither taken for ours nor killed, though it runs the same program.
func TestPlantedPIDFile(t *testing.T) {
	t.Parallel()
	for _, c := range managerCases {
		if c.name != "sysvinit" && c.name != "s6-rc" && c.name != "bsdrc" && c.name != "supervisord" && c.name != "disnix (stand-in)" {
			continue // they go by no pid file, or it is in a container
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := c.start(t)
			i.inside(i.binary, "init-state", "--state-dir", i.path("state"))
			other := exec.Command("sleep", "300")
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { other.Process.Kill(); other.Wait() })
			forge := func() {
				file := i.write("state/tmp/npforged.pid", fmt.Sprintln(other.Process.Pid))
				if err := os.Lchown(file, stranger, stranger); err != nil {
					t.Fatal(err)
				}
			}
			if c.name != "supervisord" { // which starts it as a user who can't remove what is in the way
				forge()
			}
			model := i.write("model.nix", fmt.Sprintf(`{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager }:
let create = import %s { inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager; };
in {
  npforged.pkg = create {
    name = "npforged"; instanceName = "npforged"; user = "npforged";
    daemon = pkgs.writeTextFile { name = "npforged"; executable = true; text = ''
      #!/bin/sh
      ${pkgs.coreutils}/bin/sleep 300 >/dev/null 2>&1 &
      echo $! >"${tmpDir}/npforged.pid"
    ''; };
    credentials = { groups.npforged = { }; users.npforged.group = "npforged"; };
    overrides.sysvinit.runlevels = [ 3 ];
  };
}
`, absolute(t, "../nixproc/create-managed-process/universal/create-managed-process-universal.nix")))
			r := i.switchTo(c, model)
			if r.code != 0 {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			if pid, _, alive := i.process("npforged"); !alive || pid == other.Process.Pid {
				t.Errorf("process %d counts as started, %v", pid, alive)
			} else {
				syscall.Kill(pid, syscall.SIGKILL)
				gone(t, pid)
			}
			os.Remove(i.path("state", "tmp", "npforged.pid"))
			forge()
			r = i.switchTo(c, "--undeploy")
			if !alive(other.Process.Pid) {
				t.Errorf("the process of somebody else was killed\n%s", r.stderr)
			}
			if c.name != "supervisord" && !strings.Contains(r.stderr, "its pid file is not believed: ") {
				t.Errorf("nothing is said of the pid file: exit code %d\n%s", r.code, r.stderr)
			}
		})
	}
}
