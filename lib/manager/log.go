package manager

import (
	"io"
	"os"
	"strings"
	"syscall"
)

// shownLines of a log are in an error, of so many bytes at most.
const (
	shownLines = 10
	shownBytes = 64 << 10
)

// LogTail is the end of a log, to be put behind a message; "" if there is none.
// Where others can write, a link to somebody else's file is none, nor is a fifo.
func LogTail(log string) string {
	file, err := os.OpenFile(log, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	start := max(0, info.Size()-shownBytes)
	data, err := io.ReadAll(io.NewSectionReader(file, start, shownBytes))
	text := strings.TrimRight(string(data), "\n")
	if err != nil || text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return "; the end of " + log + ":\n  " + strings.Join(lines[max(0, len(lines)-shownLines):], "\n  ")
}
