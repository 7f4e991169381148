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
	if tail := LogTail(fifo) + LogTail(dir) + LogTail(log); tail != "" {
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
		if tail := LogTail(log); !strings.HasSuffix(tail, want) || (tail == "") != (text == "") || len(tail) > 17<<10 {
			t.Errorf("%d bytes of %.20q, want %.40q", len(tail), tail, want)
		}
	}
	// Nothing is there of a disk's worth of holes, but it is said to be large.
	if err := os.Truncate(log, 1<<40); err != nil {
		t.Skip(err)
	}
	if tail := LogTail(log); len(tail) > 17<<10 {
		t.Errorf("%d bytes", len(tail))
	}
}
