package pidfile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Who may say which process is meant, by the owner of the file, of the process,
// and by the directory.
func TestWhoMayNameAProcess(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can run processes as others")
	}
	const nobody, other = 65534, 42424
	run := func(uid uint32) int {
		cmd := exec.Command("sleep", "60")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		return cmd.Process.Pid
	}
	pids := map[uint32]int{0: run(0), nobody: run(nobody), other: run(other)}
	for _, test := range []struct {
		what           string
		owner, process uint32
		program, user  string
		closed         bool   // to others than root
		kind           string // of the file: "", link or hard link
		doubt          string // "" if it is believed
	}{
		{what: "root names any process", process: other, user: "nobody"},
		{what: "the expected user names its own", owner: nobody, process: nobody, user: "nobody"},
		{what: "the expected user names root's", owner: nobody, process: 0, user: "nobody", program: "sleep", doubt: "does not run process"},
		{what: "a stranger names root's", owner: other, process: 0, program: "sleep", doubt: "belongs to user 42424"},
		{what: "a stranger names its own", owner: other, process: other, user: "nobody", program: "sleep", doubt: "not to nobody"},
		{what: "nobody knows the user, but the program", owner: other, process: other, program: "sleep"},
		{what: "nobody knows the user", owner: other, process: other, program: "webapp", doubt: "anybody may have written"},
		{what: "who may write in a directory of root's", owner: other, process: other, closed: true},
		{what: "the same names root's", owner: other, process: 0, closed: true, program: "sleep", doubt: "does not run process"},
		{what: "a link of root's", process: 0, kind: "link"},
		{what: "a link of a stranger's to a file of root's", owner: other, process: 0, kind: "link", doubt: "is a link that belongs to user 42424"},
		{what: "another name for a file of root's", process: 0, kind: "hard link", doubt: "another name"},
	} {
		t.Run(test.what, func(t *testing.T) {
			dir := t.TempDir()
			if !test.closed {
				must(t, os.Chmod(dir, 0o777|os.ModeSticky))
			}
			file, named := filepath.Join(dir, "a.pid"), filepath.Join(dir, "a.pid")
			if test.kind != "" {
				named = filepath.Join(dir, "b.pid")
			}
			must(t, os.WriteFile(named, fmt.Appendln(nil, pids[test.process]), 0o644))
			switch test.kind {
			case "link":
				must(t, os.Symlink(named, file))
			case "hard link":
				must(t, os.Link(named, file))
			}
			must(t, os.Lchown(file, int(test.owner), -1))
			expected := Expected{Program: test.program, User: test.user}
			process, alive, err := Read(file, expected)
			if err != nil || alive != (test.doubt == "") || alive && process.PID != pids[test.process] {
				t.Errorf("got %+v, %v, %v", process, alive, err)
			}
			if doubt := Doubt(file, expected); !strings.Contains(doubt, test.doubt) || (doubt == "") != alive {
				t.Errorf("doubt %q, want %q", doubt, test.doubt)
			}
		})
	}
	// Whatever else lies there is no pid file, and holds nobody up.
	fifo := filepath.Join(t.TempDir(), "a.pid")
	must(t, syscall.Mkfifo(fifo, 0o666))
	if _, alive, err := Read(fifo, Expected{}); alive || err != nil {
		t.Errorf("a FIFO: %v, %v", alive, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
