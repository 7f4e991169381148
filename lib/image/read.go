package image

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// ID gives what docker calls the image in an archive once it is loaded: the
// digest of its configuration, sha256:… The archive may be compressed, as those
// of dockerTools are.
func ID(file string) (string, error) {
	read, err := tarball.Image(func() (io.ReadCloser, error) { return open(file) }, nil)
	if err != nil {
		return "", fmt.Errorf("the image %s can't be read: %w", file, err)
	}
	digest, err := read.ConfigName()
	return digest.String(), err
}

func open(file string) (io.ReadCloser, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(opened)
	if magic, err := buffered.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return stream{buffered, opened}, nil
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return stream{unpacked, opened}, nil
}

// stream is what is read of a file, and the file that is closed.
type stream struct {
	io.Reader
	io.Closer
}
