package tests

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// network is a few machines and a coordinator: each machine has network, process
// IDs, mounts, accounts, /var and a Nix store of its own. The coordinator is the
// deployment, in a network namespace with the cable between all.
type network struct {
	*disnixPlace
	disnix   string // directory of Disnix's programs, or of those that stand in for them
	machines []string
	pids     map[string]int            // of their first processes
	own      map[string]map[string]int // what runs on them before anything is deployed
	systemd  map[string]*systemdMachine
	cable    *exec.Cmd
}

// setUpMachine is run in new namespaces, with the directories of the machine, the
// store, the deployment and Disnix. Only these are left of /tmp. The profiles of
// the real Disnix are always in /nix/var.
const setUpMachine = privateEtc + `
machine=$1 store=$2 deployment=$3
mount -t proc proc /proc
cat "$deployment/hosts" >>/etc/hosts
shift
for kept; do
	mkdir -p "/mnt$kept"
	mount --bind "$kept" "/mnt$kept"
done
mount -t tmpfs -o mode=1777 tmpfs /tmp
for kept; do
	mkdir -p "$kept"
	mount --bind "/mnt$kept" "$kept"
done
mount -t tmpfs tmpfs /var
mount -t tmpfs tmpfs /run
mkdir -p /var/run /var/log
if [ -d /nix/var/nix/profiles ]; then mount --bind "$machine/profiles" /nix/var/nix/profiles; fi
mount --bind "$machine/store" "$store/store"
mount --bind "$machine/nix" "$store/var/nix"
# It takes in the orphans, and lives until its input ends.
exec 3<&0
cat <&3 >/dev/null &
echo ready
wait $!
`

// newNetwork boots machines by their names. NAME=systemd is one with a systemd,
// NAME=supervisord one with a supervisord.
func newNetwork(t *testing.T, machines ...string) *network {
	t.Helper()
	needsUnshare(t, "--net", "--pid", "--uts", "--fork")
	needsRoot(t, "ip", "groupadd", "useradd")
	d := newDeployment(t)
	d.dir = filepath.Join(filepath.Dir(d.dir), "network") // Disnix's scripts take no blanks
	d.useStore(d.store)
	if err := os.MkdirAll(d.path("profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	n := &network{disnix: installedDisnix(), pids: map[string]int{}, own: map[string]map[string]int{}, systemd: map[string]*systemdMachine{}}
	if n.disnix == "" {
		n.disnix, n.disnixPlace = standIn(t), newDisnix(t, d)
	} else {
		n.disnixPlace = &disnixPlace{deployment: d, real: true}
		n.ownDirectories()
	}
	t.Log("Disnix is the one in", n.disnix)
	if err := os.Chmod(filepath.Dir(n.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	before := hostAccounts(t)
	t.Cleanup(func() {
		if hostAccounts(t) != before {
			t.Error("the host's own users or groups changed")
		}
	})
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	n.env = append(n.env, "NIXPROC_BUILDER="+binary, "DISNIX_CLIENT_INTERFACE="+n.path("client"), "NIX_PATH=nixpkgs="+n.path("tree/nixproc/hostpkgs"))

	var hosts strings.Builder
	for i, machine := range machines {
		name, _, _ := strings.Cut(machine, "=")
		n.machines = append(n.machines, name)
		fmt.Fprintf(&hosts, "10.99.0.%d %s\n", i+1, name)
	}
	n.write("hosts", hosts.String())
	n.script("there", `
directory=`+shellWord(n.dir)+`/machines/$1
shift
exec nsenter --target "$(cat "$directory/pid")" --all env NIX_USER_PROFILE_DIR="$directory/profiles" DISNIX_STANDIN_STATE="$directory/profiles" \
	DYSNOMIA_STATEDIR="$directory/dysnomia" TMPDIR="$directory/tmp" "$@"
`)
	n.script("client", `
all=" $* "
rest=${all#* --target }
target=${rest%% *}
directory=`+shellWord(n.dir)+`/machines/$target
lost() {
	echo "$target: no route to this machine" >&2
	exit 255
}
[ -e "$directory/pid" ] || lost
case $all in *" $(cat "$directory/cut") "*) rm "$directory/pid"; lost ;; esac
there() {
	`+shellWord(n.path("there"))+` "$target" "$@"
}
case $all in
*" --localfile "*)
	for file; do :; done
	there sh -c 'cat >"$TMPDIR/closure" && disnix-run-activity --import --localfile "$TMPDIR/closure"' <"$file"
	;;
*) there disnix-run-activity "$@" ;;
esac
`)
	n.cable, _ = n.hold("ip link set lo up; ip link add name cable type bridge; ip addr add 10.99.0.254/24 dev cable; ip link set cable up; echo ready; exec cat >/dev/null",
		"--net", "--mount")
	for i, machine := range machines {
		name, manager, _ := strings.Cut(machine, "=")
		n.start(name, manager, fmt.Sprintf("10.99.0.%d/24", i+1))
	}
	return n
}

// start boots a machine and connects it.
func (n *network) start(name, manager, address string) {
	n.t.Helper()
	directory := n.path("machines", name)
	for _, sub := range []string{"store", "nix", "profiles", "dysnomia", "tmp"} {
		if err := os.MkdirAll(filepath.Join(directory, sub), 0o755); err != nil {
			n.t.Fatal(err)
		}
	}
	n.t.Cleanup(func() {
		// The store's directories are not writable.
		exec.Command("chmod", "-R", "u+w", directory).Run()
	})
	if manager == "systemd" {
		n.own[name] = map[string]int{"systemd": 1, "systemd-journald": 1}
		n.pids[name] = n.boot(name)
	} else {
		n.own[name] = map[string]int{"cat": 1, "dash": 1}
		_, n.pids[name] = n.hold(setUpMachine, "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--", directory, n.store.dir, n.dir, filepath.Dir(n.disnix))
	}
	pid := n.pids[name]
	n.connect(name)
	for _, line := range []string{
		fmt.Sprintf("nsenter --target %d --net ip link add name to-%s type veth peer name net0 netns %d", n.cable.Process.Pid, name, pid),
		fmt.Sprintf("nsenter --target %d --net sh -ec 'ip link set to-%s master cable; ip link set to-%[2]s up'", n.cable.Process.Pid, name),
		fmt.Sprintf("nsenter --target %d --net --uts sh -ec 'hostname %s; ip link set lo up; ip addr add %s dev net0; ip link set net0 up'", pid, name, address),
	} {
		if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			n.t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	if manager == "supervisord" {
		n.runSupervisord(name)
	}
}

// connect makes a machine reachable; cut has an effect no more.
func (n *network) connect(machine string) {
	n.t.Helper()
	n.write("machines/"+machine+"/pid", strconv.Itoa(n.pids[machine]))
	n.write("machines/"+machine+"/cut", "nothing")
}

// cut makes a machine unreachable as soon as it is asked for an activity.
func (n *network) cut(machine, activity string) {
	n.t.Helper()
	n.write("machines/"+machine+"/cut", activity)
}

// hold runs a shell script in new namespaces until the test ends. It gives
// unshare's process, and the one that it has forked, if it has.
func (n *network) hold(script string, options ...string) (*exec.Cmd, int) {
	n.t.Helper()
	args := []string{"--propagation", "private"}
	var operands []string
	for i, option := range options {
		if option == "--" {
			operands = options[i+1:]
			break
		}
		args = append(args, option)
	}
	holder := exec.Command("unshare", append(append(args, "sh", "-ec", script, "sh"), operands...)...)
	holder.Stderr = os.Stderr
	holder.Env = n.env
	input, err := holder.StdinPipe() // it ends with this process, whatever happens
	if err != nil {
		n.t.Fatal(err)
	}
	output, err := holder.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		input.Close()
		holder.Wait()
	})
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		n.t.Fatalf("no namespaces: %q, %v", line, err)
	}
	pid := holder.Process.Pid
	if found := children(n.t, pid); len(found) == 1 {
		pid = found[0]
	}
	return holder, pid
}

func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// script writes a shell script.
func (n *network) script(name, text string) string {
	n.t.Helper()
	path := n.write(name, "#!/bin/sh\n"+text)
	if err := os.Chmod(path, 0o755); err != nil {
		n.t.Fatal(err)
	}
	return path
}

// on runs a program on a machine.
func (n *network) on(machine string, args ...string) outcome {
	n.t.Helper()
	return n.program("nsenter", append([]string{"--target", strconv.Itoa(n.pids[machine]), "--all"}, args...)...)
}

// disnixEnv runs disnix-env on the coordinator.
func (n *network) disnixEnv(args ...string) outcome {
	n.t.Helper()
	// What it calls takes no blanks in the directory for temporary files.
	return n.program("env", append([]string{"TMPDIR=" + n.dir, filepath.Join(n.disnix, "disnix-env"), "--coordinator-profile-path", n.path("profiles/disnix-coordinator")}, args...)...)
}

func (n *network) mustDisnixEnv(args ...string) outcome {
	n.t.Helper()
	r := n.disnixEnv(args...)
	if r.code != 0 {
		n.t.Fatalf("disnix-env %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// fetch gets a page from a machine, over the cable.
func (n *network) fetch(machine string, port int, host string) string {
	n.t.Helper()
	address := ""
	for line := range strings.Lines(read(n.t, n.path("hosts"))) {
		if words := strings.Fields(line); words[1] == machine {
			address = words[0]
		}
	}
	r := n.program("nsenter", "--target", strconv.Itoa(n.cable.Process.Pid), "--net", "curl", "-s", "--max-time", "5", "-H", "Host: "+host, fmt.Sprintf("http://%s:%d/", address, port))
	return r.stdout + r.stderr
}

// programs that run on a machine, by the names of their programs, without its first.
func (n *network) programs(machine string) map[string]int {
	n.t.Helper()
	ours, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", n.pids[machine]))
	if err != nil {
		n.t.Fatal(err)
	}
	found := map[string]int{}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	for _, link := range links {
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		if space, err := os.Readlink(link); err != nil || space != ours || !alive(pid) {
			continue
		}
		program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err == nil {
			found[filepath.Base(program)]++
		}
	}
	if n.systemd[machine] != nil {
		delete(found, "dbus-daemon") // systemd may have it where it is installed
	}
	return found
}
