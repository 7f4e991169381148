package image

import (
	"fmt"
	"regexp"
)

// reference is NAME or NAME:TAG, perhaps with a registry in front, as
// https://pkg.go.dev/github.com/distribution/reference has it.
var reference = regexp.MustCompile(`^(` + label + `(\.` + label + `)*(:[0-9]+)?/)?` + component + `(/` + component + `)*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?$`)

// label is a part of a host's name.
const label = `[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?`

const component = `[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*`

// CheckReference says what is wrong with the name of an image.
func CheckReference(name string) error {
	if !reference.MatchString(name) {
		return fmt.Errorf("docker can't have an image with the name %q: it takes lower case letters, digits, and single - . _ between them", name)
	}
	return nil
}

// maxName is how many characters the name of an image may have.
const maxName = 255

var (
	repository = regexp.MustCompile(`^([a-zA-Z0-9.-]+(:[0-9]+)?/)?` + component + `(/` + component + `)*$`)
	tagged     = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
	identifier = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// CheckName says what is wrong with the name of an image without its tag.
func CheckName(name string) error {
	switch {
	case !repository.MatchString(name):
		return fmt.Errorf("docker can't have an image with the name %q: it takes lower case letters, digits, and single - . _ between them", name)
	case len(name) > maxName:
		return fmt.Errorf("docker can't have an image with the name %q: it has %d characters, more than %d", name, len(name), maxName)
	case identifier.MatchString(name):
		return fmt.Errorf("docker can't have an image with the name %q: it takes that for an image's ID", name)
	}
	return nil
}

// CheckTag says what is wrong with the tag of an image.
func CheckTag(tag string) error {
	if !tagged.MatchString(tag) {
		return fmt.Errorf("docker can't have an image with the tag %q: it takes up to 128 letters, digits, and - . _, but no - or . in front", tag)
	}
	return nil
}
