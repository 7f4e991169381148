package image

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Archive is what there is to know of an image before docker has it.
type Archive struct {
	// ID is what docker calls the image once it is loaded: the digest of its
	// configuration, sha256:…
	ID   string
	tags []string
}

// Read reads an archive of one image. It may be compressed, as those of
// dockerTools are.
func Read(file string) (Archive, error) {
	archive, err := inspect(file)
	if err != nil {
		return archive, fmt.Errorf("the image %s can't be read: %w", file, err)
	}
	return archive, nil
}

func inspect(file string) (a Archive, err error) {
	opener := func() (io.ReadCloser, error) { return open(file) }
	index, err := tarball.LoadManifest(opener)
	if err != nil {
		return a, err
	}
	for _, one := range index {
		a.tags = append(a.tags, one.RepoTags...)
	}
	image, err := tarball.Image(opener, nil)
	if err != nil {
		return a, err
	}
	digest, err := image.ConfigName()
	a.ID = digest.String()
	return a, err
}

// Has says whether docker knows the image by this name once it is loaded. What
// it does not know, it would look for elsewhere.
func (a Archive) Has(reference string) bool {
	wanted, err := name.NewTag(reference)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.tags, func(tag string) bool {
		has, err := name.NewTag(tag)
		return err == nil && has.Name() == wanted.Name()
	})
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
