package pidfile

import (
	"io/fs"
	"syscall"
)

// short is how many bytes of a file are read, at most.
const short = 1024

// readShort reads the beginning of a file, which is all of a pid file and of the
// files of /proc that are read here. It does without os.File, whose preparations
// for files that block take longer than the reading.
func readShort(path string, flags int) ([]byte, error) {
	descriptor, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK|flags, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(descriptor)
	data := make([]byte, short)
	for {
		n, err := syscall.Read(descriptor, data)
		switch err {
		case nil:
			return data[:n], nil
		case syscall.EINTR:
		default:
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
	}
}
