package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// janitorVariable makes the test binary a janitor: it waits for the end of the tests,
// also if they are killed, and then removes what they have left of their directories,
// with whatever uses them.
const janitorVariable = "NIXPROC_TEST_JANITOR"

// janitor is told of each directory.
var janitor = sync.OnceValues(func() (io.Writer, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), janitorVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	input, err := cmd.StdinPipe() // it ends with this process, whatever happens
	if err != nil {
		return nil, err
	}
	return input, cmd.Start()
})

// ownDir makes a directory that nothing is left of when the tests end. Its path is
// short, unlike what testing makes, since that of a socket has at most 107 bytes.
func ownDir(prefix string) (string, error) {
	told, err := janitor()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("/tmp", prefix)
	if err == nil {
		_, err = fmt.Fprintln(told, dir)
	}
	return dir, err
}

// tidy is what the janitor does.
func tidy() {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	told, _ := io.ReadAll(os.Stdin)
	dirs := slices.DeleteFunc(strings.Fields(string(told)), func(dir string) bool {
		_, err := os.Lstat(dir)
		return err != nil
	})
	for end := time.Now().Add(patience); len(dirs) > 0 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		left := users(dirs)
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		if len(left) == 0 {
			break
		}
	}
	for _, dir := range dirs {
		mounts, _ := os.ReadFile("/proc/self/mounts")
		for line := range strings.Lines(string(mounts)) {
			if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(words[1], dir+"/") {
				exec.Command("umount", "--lazy", words[1]).Run()
			}
		}
		for end := time.Now().Add(patience); !removeGroups(groupOf(dir)+"*") && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		removeTree(dir)
	}
}

// users are the processes that have to do with directories, by what proc(5) tells.
func users(dirs []string) []int {
	var marks []string
	for _, dir := range dirs {
		marks = append(marks, dir, groupOf(dir))
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, process := range processes {
		pid, _ := strconv.Atoi(filepath.Base(process))
		var text bytes.Buffer
		for _, file := range []string{"cmdline", "environ", "cgroup"} {
			data, _ := os.ReadFile(filepath.Join(process, file))
			text.Write(data)
		}
		links, _ := filepath.Glob(process + "/fd/*")
		for _, link := range append(links, process+"/exe", process+"/root") {
			target, _ := os.Readlink(link)
			fmt.Fprintln(&text, target)
		}
		if pid != os.Getpid() && alive(pid) && slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(text.String(), mark) }) {
			found = append(found, pid)
		}
	}
	return found
}

// A run of the tests that is killed leaves nothing.
func TestKilledRunIsTidiedUp(t *testing.T) {
	t.Parallel()
	const variable = "NIXPROC_TEST_KILLED_RUN"
	if os.Getenv(variable) != "" {
		dir, err := ownDir("npk")
		if err != nil {
			t.Fatal(err)
		}
		left := exec.Command("sh", "-c", `exec sleep 1000 >"$1/log"`, "sh", dir)
		left.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := left.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Println(dir, left.Process.Pid)
		io.ReadAll(os.Stdin)
		return
	}
	run := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	run.Env = append(os.Environ(), variable+"=1")
	input, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	output, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(output).ReadString('\n')
	var dir string
	var pid int
	if _, err := fmt.Sscan(line, &dir, &pid); err != nil {
		t.Fatalf("it says %q: %v", line, err)
	}
	if !alive(pid) || !present(dir) {
		t.Error("there is nothing to be left")
	}
	run.Process.Kill()
	run.Wait()
	eventually(t, "that nothing is left", func() bool { return !alive(pid) && !present(dir) })
}
