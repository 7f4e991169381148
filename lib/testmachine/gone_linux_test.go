package testmachine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// driverVariable makes the test binary a driver, which can be killed: it starts a
// machine, does as its standard input says, and ends.
const driverVariable = "TESTMACHINE_DRIVER"

// littering leaves whatever a service could: daemons, mounts, namespaces, control groups, files.
const littering = `
setsid sleep 96 >/dev/null 2>&1 &
setsid unshare --net --mount --pid --fork sleep 95 >/dev/null 2>&1 &
mkdir /mnt; mount -t tmpfs tmpfs /mnt
touch /run/left; unshare --net=/run/left true
mkdir -p /sys/fs/cgroup/left/below; echo $$ >/sys/fs/cgroup/left/below/cgroup.procs
touch "$1/file" /tmp/file
`

func drive(text string) error {
	var spec Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	work, err := NewWorkDir()
	if err != nil {
		return err
	}
	spec.Dir, spec.Within = work.Path, work
	m, err := Start(context.Background(), spec)
	if err != nil {
		return errors.Join(err, work.Close(false))
	}
	if out, err := m.Command(context.Background(), "root", "sh", "-c", littering, "sh", spec.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	fmt.Println(m.keeper.Process.Pid, m.init)
	word, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return err
	}
	switch word {
	case "stop\n":
		return errors.Join(m.Stop(), work.Close(false))
	case "shell\n":
		shell := m.Command(context.Background(), "root", "sh")
		shell.Stdin, shell.Stdout, shell.Stderr = os.Stdin, os.Stdout, os.Stderr
		err := shell.Run()
		word, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		fmt.Print("after it ", word)
		return errors.Join(err, m.Stop(), work.Close(false))
	case "keep\n":
		enter, end, err := m.Keep()
		fmt.Printf("%s\n%s\n", enter, end)
		return errors.Join(err, work.Close(true))
	}
	return errors.New("failed, and did not stop the machine")
}

// driver is another process that has a machine.
type driver struct {
	*exec.Cmd
	input        io.Writer
	output       *bufio.Reader
	keeper, init int
	temp         string   // where it makes files
	namespaces   []string // what is the machine's
}

func newDriver(t *testing.T, spec Spec) *driver {
	t.Helper()
	needsRoot(t)
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{Cmd: exec.Command(executable()), temp: t.TempDir()}
	d.Env = append(os.Environ(), driverVariable+"="+string(text), "TMPDIR="+d.temp)
	var complaints bytes.Buffer
	d.Stderr = &complaints
	input, err := d.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := d.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.input, d.output = input, bufio.NewReader(output)
	if err := d.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Process.Kill() })
	line, _ := d.output.ReadString('\n') // what is missing, Sscan finds
	if _, err := fmt.Sscan(line, &d.keeper, &d.init); err != nil {
		d.Wait()
		if strings.Contains(complaints.String(), exec.ErrNotFound.Error()) {
			t.Skip(complaints.String())
		}
		t.Fatal(err, complaints.String())
	}
	for _, kind := range []string{"pid", "net"} {
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", d.init, kind))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() }) // so long, no other namespace has its number
		link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		d.namespaces = append(d.namespaces, link)
	}
	for _, pid := range []int{d.init, d.keeper} {
		process, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { process.Kill() }) // where it is left all the same
	}
	if rest := d.rest(t); len(rest) < 5 {
		t.Fatalf("nothing to be removed: %q", rest)
	}
	return d
}

// rest is what is on the host of the machine and of those that look after it.
func (d *driver) rest(t *testing.T) []string {
	t.Helper()
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/ns/[pn]*[dt]")
	for _, link := range links {
		stat, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "../stat"))
		zombie := bytes.Contains(stat, []byte(") Z ")) // process 1 of the host takes its time
		if target, err := os.Readlink(link); err == nil && !zombie && slices.Contains(d.namespaces, target) {
			found = append(found, link+" is "+target)
		}
	}
	processes, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range processes {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte("TMPDIR="+d.temp)) {
			found = append(found, file)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, d.temp) || strings.Contains(line, groupPrefix) {
			found = append(found, line)
		}
	}
	err = filepath.WalkDir(groupRoot, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == groupPrefix+strconv.Itoa(d.keeper) {
			found = append(found, path)
			return fs.SkipDir
		}
		return nil // a group that has just gone
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(d.temp, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(found, files...)
}

// gone checks that nothing is left, but what is allowed to be.
func (d *driver) gone(t *testing.T, allowed ...string) {
	t.Helper()
	var rest []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		rest = slices.DeleteFunc(d.rest(t), func(found string) bool {
			return slices.ContainsFunc(allowed, func(name string) bool { return strings.Contains(found, name) })
		})
		if len(rest) == 0 {
			return
		}
	}
	t.Errorf("left:\n%s", strings.Join(rest, "\n"))
}

func (d *driver) tell(word string) error {
	_, err := io.WriteString(d.input, word+"\n")
	return err
}

// However the driver ends, nothing is left.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		how  string
		spec Spec
		end  func(*driver) error
	}{
		{"stopped", Spec{Manager: "sysvinit"}, func(d *driver) error { return d.tell("stop") }},
		{"failed", Spec{Manager: "sysvinit"}, func(d *driver) error { return d.tell("fail") }},
		{"killed", Spec{Manager: "sysvinit"}, func(d *driver) error { return d.Process.Kill() }},
		{"killed with systemd", Spec{Manager: "systemd", Unprivileged: true}, func(d *driver) error { return d.Process.Kill() }},
	} {
		t.Run(c.how, func(t *testing.T) {
			t.Parallel()
			d := newDriver(t, c.spec)
			if err := c.end(d); err != nil {
				t.Fatal(err)
			}
			if err := d.Wait(); (err == nil) != (c.how == "stopped") {
				t.Error(err, d.Stderr)
			}
			d.gone(t)
		})
	}
}

// A keeper that is killed takes its machine along; the next one removes what only
// it could have removed.
func TestKilledKeeper(t *testing.T) {
	t.Parallel()
	d := newDriver(t, Spec{Manager: "sysvinit"})
	d.Process.Kill()
	keeper, err := os.FindProcess(d.keeper)
	if err != nil {
		t.Fatal(err)
	}
	keeper.Kill()
	d.Wait()
	d.gone(t, groupPrefix)
	started(t, Spec{Manager: "sysvinit"})
	d.gone(t)
}

// A machine that is kept goes on without its driver, can be entered, and goes
// when it is told to.
func TestKeep(t *testing.T) {
	t.Parallel()
	d := newDriver(t, Spec{Manager: "sysvinit"})
	if err := d.tell("keep"); err != nil {
		t.Fatal(err)
	}
	var lines [2]string
	for i := range lines {
		line, err := d.output.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = strings.TrimSpace(line)
	}
	if err := d.Wait(); err != nil {
		t.Fatal(err, d.Stderr)
	}
	t.Cleanup(func() { exec.Command("sh", "-c", lines[1]).Run() })
	time.Sleep(200 * time.Millisecond) // for what should not happen
	cmd := exec.Command("sh", "-c", lines[0])
	cmd.Stdin = strings.NewReader("hostname; grep -ac '^sleep.96' /proc/[0-9]*/cmdline | grep -c :1; ls /tmp/file; echo $HOME")
	out, err := cmd.CombinedOutput()
	if got := strings.Fields(string(out)); err != nil || len(got) != 4 || got[0] != "machine" || got[1] != "1" || got[2] != "/tmp/file" || got[3] != "/root" {
		t.Errorf("%s: %v\n%s", lines[0], err, out)
	}
	if out, err := exec.Command("sh", "-c", lines[1]).CombinedOutput(); err != nil {
		t.Error(err, string(out))
	}
	d.gone(t)
}

// A shell at a terminal has the terminal, its keys too, until it ends.
func TestShell(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	terminal := exec.Command("script", "--quiet", "--return", "--command", executable(), "/dev/null")
	terminal.Env = append(os.Environ(), driverVariable+`={"Manager":"sysvinit"}`, "TMPDIR="+t.TempDir())
	input, err := terminal.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := terminal.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := terminal.Start(); err != nil {
		t.Skip(err)
	}
	stop := time.AfterFunc(time.Minute, func() { terminal.Process.Kill() })
	defer stop.Stop()
	var said strings.Builder
	read := io.TeeReader(output, &said)
	for _, step := range []struct{ after, keys string }{
		{"\n", "shell\n"}, {"# ", "hostname; sleep 60; echo not interrupted\n"}, {"machine\r\n", "\x03"}, {"# ", "exit 7\n"}, {"exit 7\r\n", "word\n"},
	} {
		for seen := said.Len(); !strings.Contains(said.String()[seen:], step.after); {
			if _, err := read.Read(make([]byte, 100)); err != nil {
				t.Fatalf("no %q: %v\n%s", step.after, err, &said)
			}
		}
		time.Sleep(100 * time.Millisecond) // for sleep to be there to be interrupted
		io.WriteString(input, step.keys)
	}
	io.Copy(io.Discard, read)
	err = terminal.Wait()
	if err == nil || !strings.Contains(said.String(), "after it word") || strings.Contains(said.String(), "\nnot interrupted") || !strings.Contains(said.String(), "exit status 7") {
		t.Errorf("%v\n%s", err, &said)
	}
}
