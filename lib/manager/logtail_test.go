package manager

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Of a log, the last lines are shown, however large it is, and what is no file
// keeps nobody waiting.
func TestLogTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, fifo := filepath.Join(dir, "log"), filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if tail := LogTail(Unit{Log: fifo}) + LogTail(Unit{Log: dir}) + LogTail(Unit{Log: log}); tail != "" {
		t.Errorf("of no log: %q", tail)
	}
	for text, want := range map[string]string{
		"":                                   "",
		"one\ntwo\n\n":                       ":\n  one\n  two",
		strings.Repeat("line\n", 12):         ":" + strings.Repeat("\n  line", 10),
		strings.Repeat("x", 1<<20) + "\nend": strings.Repeat("x", 100) + "\n  end",
	} {
		if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if tail := LogTail(Unit{Log: log}); !strings.HasSuffix(tail, want) || (tail == "") != (text == "") || len(tail) > 17<<10 {
			t.Errorf("%d bytes of %.20q, want %.40q", len(tail), tail, want)
		}
	}
	// Nothing is there of a disk's worth of holes, but it is said to be large.
	if err := os.Truncate(log, 1<<40); err != nil {
		t.Skip(err)
	}
	if tail := LogTail(Unit{Log: log}); len(tail) > 17<<10 {
		t.Errorf("%d bytes", len(tail))
	}
}

// What an earlier run has said is not shown, unless the log was begun anew.
func TestLogTailOfThisRun(t *testing.T) {
	t.Parallel()
	units := []Unit{{Log: filepath.Join(t.TempDir(), "log")}}
	write := func(text string, flags int) {
		t.Helper()
		file, err := os.OpenFile(units[0].Log, os.O_WRONLY|os.O_CREATE|flags, 0o600)
		if err == nil {
			_, err = file.WriteString(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	shows := func(want string) {
		t.Helper()
		if tail := LogTail(units[0]); !strings.HasSuffix(tail, want) || (tail == "") != (want == "") {
			t.Errorf("%q, want %q", tail, want)
		}
	}
	MarkLogs(units)
	write("earlier\n", 0)
	shows(":\n  earlier")
	MarkLogs(units)
	shows("")
	write("now\n", os.O_APPEND)
	shows(":\n  now")
	write("new\n", os.O_TRUNC)
	shows(":\n  new")
}
