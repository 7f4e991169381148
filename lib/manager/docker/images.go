package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	all, err := m.loadedAll(ctx, []string{tag})
	if err != nil {
		return loaded{}, err
	}
	return all[tag], nil
}

// loadedAll asks for the images of many tags by one call, which is as fast as one
// for one image. It fails if one is not there, without a word about which answer
// is for which tag: then each is asked for.
func (m Manager) loadedAll(ctx context.Context, tags []string) (map[string]loaded, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	words := []string{"image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}"}
	said, err := m.call(ctx, append(words, tags...)...)
	all := make(map[string]loaded, len(tags))
	if says(err, "no such image", "image not known") {
		if len(tags) == 1 {
			return all, nil
		}
		for _, tag := range tags {
			if all[tag], err = m.loaded(ctx, tag); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(said))
	for _, tag := range tags {
		var found loaded
		var labels map[string]string
		if err := errors.Join(decoder.Decode(&found.id), decoder.Decode(&labels)); err != nil {
			return nil, fmt.Errorf("what %s says of the image %s can't be read: %w", m.Program, tag, err)
		}
		_, found.ours = labels[image.Label]
		all[tag] = found
	}
	return all, nil
}

// sameID compares IDs; podman's have no algorithm in front.
func sameID(a, b string) bool {
	return strings.TrimPrefix(a, "sha256:") == strings.TrimPrefix(b, "sha256:")
}

// load has docker read the unit's image, unless it has it under its tag. The
// image that had the tag before goes first, if it is one of ours: without a tag
// it would be found by nobody. One of somebody else's keeps its tag.
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
	if before.id != "" && !before.ours {
		return fmt.Errorf("%s has another image called %s, which would lose that name: give the process another name, or remove the image: %s rmi %s", m.Program, own.tag, m.Program, own.tag)
	}
	if before.ours {
		if err := m.removeImage(ctx, own.tag); err != nil {
			return err
		}
	}
	_, err = m.call(ctx, "load", "-i", own.image)
	return err
}

// release removes the image of a container that is gone, if it has the unit's tag,
// and no label of ours: nobody could tell later that it was there for the unit,
// as one of the older tools is, or of dockerTools. To start the unit again, it is
// loaded again.
func (m Manager) release(ctx context.Context, unit manager.Unit, gone container) error {
	if _, ours := gone.Labels[image.Label]; ours || gone.Image == "" {
		return nil
	}
	tagged, err := m.loaded(ctx, of(unit).tag)
	if err != nil || !sameID(tagged.id, gone.Image) {
		return err
	}
	return m.removeImage(ctx, of(unit).tag)
}

// removeImage removes an image, unless something still uses it.
func (m Manager) removeImage(ctx context.Context, tag string) error {
	_, err := m.call(ctx, "rmi", tag)
	if says(err, "conflict", "in use", "no such image", "image not known") {
		return nil
	}
	return err
}

// removeImages removes images by one call; where that fails, one by one, since
// docker goes on after one that it does not remove.
func (m Manager) removeImages(ctx context.Context, tags []string) error {
	if len(tags) > 1 {
		if _, err := m.call(ctx, append([]string{"rmi"}, tags...)...); err == nil {
			return nil
		}
	}
	for _, tag := range tags {
		if err := m.removeImage(ctx, tag); err != nil {
			return err
		}
	}
	return nil
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
	var tags []string
	archives := map[string]string{} // by tag
	for _, unit := range gone {
		if own := of(unit); !needed[own.tag] && archives[own.tag] == "" {
			tags, archives[own.tag] = append(tags, own.tag), own.image
		}
	}
	all, err := m.loadedAll(ctx, tags)
	if err != nil {
		return err
	}
	return m.removeImages(ctx, slices.DeleteFunc(tags, func(tag string) bool {
		found := all[tag]
		if found.id == "" || found.ours {
			return found.id == ""
		}
		archive, err := image.Read(archives[tag])
		return err != nil || !sameID(archive.ID, found.id)
	}))
}

// MayInstall refuses units whose containers another profile has.
func (m Manager) MayInstall(ctx context.Context, there []manager.Unit) error {
	if len(there) == 0 {
		return nil
	}
	containers, err := m.inspect(ctx, there)
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
