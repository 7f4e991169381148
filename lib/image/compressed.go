package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// compressed is a layer in a file. It is read once to be written, which is when
// both of its digests are taken. The library's own layers are read three times.
type compressed struct {
	file           string
	digest, diffID v1.Hash
	size           int64
}

// compress writes a layer to a new file in a directory. The same contents give the
// same bytes: the compressor is one of go.mod, not that of the Go at hand.
func compress(dir string, fill func(*tar.Writer) error) (*compressed, error) {
	out, err := os.CreateTemp(dir, "layer-*")
	if err != nil {
		return nil, err
	}
	defer out.Close()
	packed, unpacked := sha256.New(), sha256.New()
	counter := &counted{w: io.MultiWriter(out, packed)}
	// Layers are read from a disk, or sent over a network, once or twice: the time
	// that a better compression takes is never won back.
	zipped, err := gzip.NewWriterLevel(counter, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(io.MultiWriter(zipped, unpacked))
	if err := fill(archive); err != nil {
		return nil, err
	}
	for _, closer := range []io.Closer{archive, zipped, out} {
		if err := closer.Close(); err != nil {
			return nil, err
		}
	}
	return &compressed{file: out.Name(), digest: digestOf(packed), diffID: digestOf(unpacked), size: counter.n}, nil
}

func digestOf(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Digest and what follows make it a layer.
func (c *compressed) Digest() (v1.Hash, error) { return c.digest, nil }

// DiffID is the digest of what was compressed.
func (c *compressed) DiffID() (v1.Hash, error) { return c.diffID, nil }

// Size is that of the file.
func (c *compressed) Size() (int64, error) { return c.size, nil }

// MediaType is that of docker's layers.
func (c *compressed) MediaType() (types.MediaType, error) { return types.DockerLayer, nil }

// Compressed gives the file.
func (c *compressed) Compressed() (io.ReadCloser, error) { return os.Open(c.file) }

// Uncompressed gives the archive.
func (c *compressed) Uncompressed() (io.ReadCloser, error) { return open(c.file) }

var _ v1.Layer = (*compressed)(nil)
