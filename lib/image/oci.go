package image

import (
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// WriteLayout writes the image of an archive to a directory, by
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md. The
// layers stay as they are.
func WriteLayout(archive, reference, dir string) error {
	docker, err := tarball.Image(func() (io.ReadCloser, error) { return open(archive) }, nil)
	if err != nil {
		return fmt.Errorf("the image %s can't be read: %w", archive, err)
	}
	image, err := converted(docker)
	if err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendImage(image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": reference}))
}

// converted is an image of docker's with the media types of OCI.
func converted(docker v1.Image) (v1.Image, error) {
	config, err := docker.ConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := docker.Layers()
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, layer := range layers {
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, MediaType: types.OCILayer}); err != nil {
			return nil, err
		}
	}
	return mutate.ConfigFile(image, config)
}
