package reaper

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// work is the variable with the shell text that is run in place of the tests, by
// the first process of a PID namespace.
const work = "REAPER_TEST_WORK"

func TestMain(m *testing.M) {
	text := os.Getenv(work)
	switch {
	case text == "":
		os.Exit(m.Run())
	case Needed():
		signals := make(chan os.Signal, 8)
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		code, err := Run(os.Args, signals, time.Second)
		if err != nil {
			panic(err)
		}
		os.Exit(code)
	}
	panic(syscall.Exec("/bin/sh", []string{"sh", "-c", text}, os.Environ()))
}

// first runs a shell text as the work of a first process, which may make the file
// $READY.
func first(t *testing.T, text string) (said string, code int, took time.Duration) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make a PID namespace")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--pid", "--fork", "--mount-proc", "--kill-child", self)
	cmd.Env = append(os.Environ(), work+"="+text, "READY="+filepath.Join(t.TempDir(), "ready"))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	begin := time.Now()
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Skipf("there is no unshare here: %v", err)
	}
	if strings.Contains(output.String(), "unshare failed") {
		t.Skip("this machine can make no PID namespace: " + output.String())
	}
	return output.String(), cmd.ProcessState.ExitCode(), time.Since(begin)
}

func TestFirstProcess(t *testing.T) {
	t.Parallel()
	const untilReady = `until [ -e "$READY" ]; do sleep 0.02; done; `
	for name, c := range map[string]struct {
		text, said string
		code       int
	}{
		"the work's exit code":           {"exit 7", "", 7},
		"the signal that ended the work": {"kill -9 $$", "", 137},
		"orphans are reaped":             {`orphans=$(for i in 1 2 3; do sleep 0.05 >/dev/null & echo $!; done); for i in $orphans; do while [ -e /proc/$i ]; do sleep 0.02; done; done; echo $orphans | wc -w`, "3\n", 0},
		"SIGTERM is passed on":           {`trap "echo got it; exit 5" TERM; kill -TERM 1; while :; do sleep 0.02; done`, "got it\n", 5},
		"SIGINT is passed on":            {`trap "exit 6" INT; kill -INT 1; while :; do sleep 0.02; done`, "", 6},
		"SIGHUP is passed on":            {`trap "exit 8" HUP; kill -HUP 1; while :; do sleep 0.02; done`, "", 8},
		"a session of its own":           {`read -r _ _ _ parent _ session _ </proc/$$/stat; [ $session = $$ ] && echo $parent`, "1\n", 0},
		"what is left is asked to end":   {`(trap "echo ended; exit" TERM; : >"$READY"; while :; do sleep 0.02; done) 2>/dev/null & ` + untilReady + `exit 3`, "ended\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, code, _ := first(t, c.text)
			if said != c.said || code != c.code {
				t.Errorf("exit code %d, %q, want %d, %q", code, said, c.code, c.said)
			}
		})
	}
	t.Run("what does not end is not waited for", func(t *testing.T) {
		t.Parallel()
		if said, code, took := first(t, `(trap "" TERM; : >"$READY"; while :; do sleep 0.02; done) & `+untilReady+`exit 4`); code != 4 || took < time.Second || took > 30*time.Second {
			t.Errorf("exit code %d after %s, %s", code, took, said)
		}
	})
}

// Anywhere else, the signals would reach all processes of the machine.
func TestOnlyTheFirstProcess(t *testing.T) {
	if _, err := Run(os.Args, nil, 0); err == nil {
		t.Error("it ran")
	}
}
