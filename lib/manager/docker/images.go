package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"nixproc/lib/image"
	"nixproc/lib/manager"
)

// loaded is what docker has under a tag; the ID is "" if there is nothing.
type loaded struct {
	id   string
	ours bool // it has our label
}

func (m Manager) loaded(ctx context.Context, tag string) (loaded, error) {
	said, err := m.call(ctx, "image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}", tag)
	if says(err, "no such image", "image not known") {
		return loaded{}, nil
	}
	if err != nil {
		return loaded{}, err
	}
	var (
		found   loaded
		labels  map[string]string
		decoder = json.NewDecoder(strings.NewReader(said))
	)
	if err := errors.Join(decoder.Decode(&found.id), decoder.Decode(&labels)); err != nil {
		return loaded{}, fmt.Errorf("what %s says of the image %s can't be read: %w", m.Program, tag, err)
	}
	_, found.ours = labels[image.Label]
	return found, nil
}

// sameID compares IDs; podman's have no algorithm in front.
func sameID(a, b string) bool {
	return strings.TrimPrefix(a, "sha256:") == strings.TrimPrefix(b, "sha256:")
}

// load has docker read the unit's image, unless it has it under its tag. The
// image that had the tag before goes first, if it is one of ours: without a tag
// it would be found by nobody.
func (m Manager) load(ctx context.Context, unit manager.Unit) error {
	own := of(unit)
	archive, err := image.Read(own.image)
	if err != nil {
		return err
	}
	if !archive.Has(own.tag) {
		return fmt.Errorf("the image %s has not the name %s: dockerImageTag has to be the name and the tag that it was built with", own.image, own.tag)
	}
	before, err := m.loaded(ctx, own.tag)
	if err != nil || sameID(before.id, archive.ID) {
		return err
	}
	if before.ours {
		if err := m.removeImage(ctx, own.tag); err != nil {
			return err
		}
	}
	_, err = m.call(ctx, "load", "-i", own.image)
	return err
}

// removeImage removes an image, unless something still uses it.
func (m Manager) removeImage(ctx context.Context, tag string) error {
	_, err := m.call(ctx, "rmi", tag)
	if says(err, "conflict", "in use", "no such image", "image not known") {
		return nil
	}
	return err
}

// Install removes the images of units that are gone, where no other unit has
// the same and no container uses it. What has a unit's tag, but is neither ours
// nor what that unit was made of, is left alone. (Images are loaded when a unit
// starts: what goes on running needs none.)
func (m Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	needed := map[string]bool{}
	for _, unit := range there {
		needed[of(unit).tag] = true
	}
	for _, unit := range gone {
		own := of(unit)
		if needed[own.tag] {
			continue
		}
		found, err := m.loaded(ctx, own.tag)
		if err != nil {
			return err
		}
		if found.id == "" {
			continue
		}
		if !found.ours {
			if archive, err := image.Read(own.image); err != nil || !sameID(archive.ID, found.id) {
				continue
			}
		}
		if err := m.removeImage(ctx, own.tag); err != nil {
			return err
		}
	}
	return nil
}

// MayInstall refuses units whose containers another profile has.
func (m Manager) MayInstall(there []manager.Unit) error {
	if len(there) == 0 {
		return nil
	}
	containers, err := m.inspect(context.Background(), there)
	if err != nil {
		return err
	}
	var problems []error
	for _, unit := range there {
		if found, ok := containers[unit.Name]; ok && m.anothers(found) {
			problems = append(problems, fmt.Errorf(
				"the container %s belongs to the profile %s: two profiles can't have a process of the same name; rename one of them, undeploy that profile, or, if it is no more, remove the container: %s rm -f %s",
				containerName(unit), found.Labels[ownerLabel], m.Program, containerName(unit)))
		}
	}
	return errors.Join(problems...)
}
