package run

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// maxOutput bounds what is read back of a program's output, in bytes.
const maxOutput = 64 << 20

// output is where a program's stdout and stderr go: always files. A daemon
// keeps its descriptors, so with a pipe we would wait for the daemon's end, or
// end it by SIGPIPE when we are gone.
type output struct {
	stdout, stderr *os.File
	start          int64 // where this run's part of the log begins
	log            bool
}

func openOutput(log string, withoutLog bool) (*output, error) {
	if log != "" {
		f, start, err := openLog(log)
		if err == nil {
			return &output{stdout: f, stderr: f, start: start, log: true}, nil
		}
		if !withoutLog {
			return nil, err
		}
	}
	stdout, err := nameless()
	if err != nil {
		return nil, err
	}
	stderr, err := nameless()
	if err != nil {
		stdout.Close()
		return nil, err
	}
	return &output{stdout: stdout, stderr: stderr}, nil
}

// openLog never follows a link: a log may stand in a directory in which
// others can write. O_NONBLOCK keeps a fifo there from holding us up.
func openLog(path string) (*os.File, int64, error) {
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	f, err := os.OpenFile(path, flags, 0o640)
	if errors.Is(err, syscall.ELOOP) {
		return nil, 0, fmt.Errorf("the log %s is a symbolic link: remove it, or log elsewhere", path)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("cannot open the log: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("the log %s is no regular file: remove it, or log elsewhere", path)
	}
	if err == nil {
		err = notOthers(path, info)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// notOthers refuses what another user may have put in a directory where everybody
// may write: a file of their own, or another name of a file of ours.
func notOthers(path string, info os.FileInfo) error {
	file, known := info.Sys().(*syscall.Stat_t)
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || !known || dir.Mode().Perm()&0o002 == 0 {
		return err
	}
	if int(file.Uid) != os.Geteuid() && file.Uid != 0 {
		return fmt.Errorf("the log %s belongs to user %d: remove it, or log elsewhere", path, file.Uid)
	}
	if file.Nlink > 1 {
		return fmt.Errorf("the log %s has another name, which may be another file's: remove it, or log elsewhere", path)
	}
	return nil
}

// nameless makes a file without a name. It is opened for appending, because a
// script's "echo > /dev/stderr" truncates it.
func nameless() (*os.File, error) {
	if f, err := inMemory(); err == nil {
		return f, nil
	}
	return removed()
}

// removed makes a file that is removed as soon as it is open.
func removed() (*os.File, error) {
	path := filepath.Join(os.TempDir(), "nixproc-output-"+rand.Text())
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file for the output (TMPDIR says where): %w", err)
	}
	if err := os.Remove(path); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot make a file for the output (TMPDIR says where): %w", err)
	}
	return f, nil
}

func (o *output) close() {
	o.stdout.Close()
	if !o.log {
		o.stderr.Close()
	}
}

// read gives both outputs in full, and nothing for a log. Too much on stdout
// is an error, because half a result is a wrong one.
func (o *output) read() (stdout, stderr string, err error) {
	if o.log {
		return "", "", nil
	}
	if stderr, err = last(o.stderr, 0, maxOutput); err != nil {
		return "", "", err
	}
	info, err := o.stdout.Stat()
	if err != nil {
		return "", stderr, err
	}
	if info.Size() > maxOutput {
		return "", stderr, fmt.Errorf("it printed %d bytes, more than the %d that are accepted", info.Size(), maxOutput)
	}
	stdout, err = last(o.stdout, 0, maxOutput)
	return stdout, stderr, err
}

// tail gives the end of stderr, or of this run's part of the log.
func (o *output) tail() string {
	text, err := last(o.stderr, o.start, 2*tailBytes)
	if err != nil {
		return ""
	}
	return tail(text)
}

// last reads what stands in a file from start on, at most limit bytes of it.
// It leaves the file's offset alone, which the program shares with us.
func last(f *os.File, start, limit int64) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	start = max(min(start, info.Size()), info.Size()-limit)
	data, err := io.ReadAll(io.NewSectionReader(f, start, info.Size()-start))
	return string(data), err
}
