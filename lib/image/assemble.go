package image

import (
	"archive/tar"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/sync/errgroup"

	"nixproc/lib/image/rootfs"
)

// Plan describes an image that has all in it that its containers need. It is a
// file of the store, so that what it refers to can be told.
type Plan struct {
	Name      string          `json:"name"`
	Tag       string          `json:"tag"` // "" stands for a part of the archive's store path
	System    string          `json:"system"`
	Processor string          `json:"architecture"` // as images have it; "" is that of the system
	Created   string          `json:"created"`      // RFC 3339, or "now"
	Config    json.RawMessage `json:"config"`
	Contents  []string        `json:"contents"`
	FromImage string          `json:"fromImage"` // an archive; "" is none
	rootfs.Declared
}

// Assemble makes the archive of an image from a plan, which is in a file, and the
// closure of that file. database, unless it is "", is a directory with Nix's.
func Assemble(planFile string, closure []StorePath, database, out string) error {
	plan, err := readPlan(planFile)
	if err != nil {
		return err
	}
	plan.Tag = cmp.Or(plan.Tag, strings.SplitN(filepath.Base(out), "-", 2)[0])
	tag, err := name.NewTag(plan.Name + ":" + plan.Tag)
	if err != nil {
		return err
	}
	about, err := plan.about()
	if err != nil {
		return err
	}
	if database != "" {
		plan.addDatabase(database, planFile, closure)
	}
	closure = slices.DeleteFunc(closure, func(p StorePath) bool { return p.Path == planFile })
	tree, err := plan.tree(closure)
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)

	var fills []func(*tar.Writer) error
	for _, paths := range Layers(closure, plan.Profiles) {
		fills = append(fills, func(w *tar.Writer) error { return tree.WriteStorePaths(w, paths) })
	}
	fills = append(fills, tree.Write)
	layers, err := compressAll(temporary, fills)
	if err != nil {
		return err
	}
	made, err := plan.image(about, layers)
	if err != nil {
		return err
	}
	return tarball.WriteToFile(out, tag, made)
}

func readPlan(file string) (p Plan, err error) {
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, fmt.Errorf("the plan of the image can't be read: %w", err)
	}
	return p, nil
}

// CheckAccounts says what is wrong with the accounts of the image, before the
// profiles are there.
func (p Plan) CheckAccounts(needed []rootfs.Needed) error {
	return rootfs.CheckAccounts(p.Declared, needed)
}

func (p Plan) about() (*v1.ConfigFile, error) {
	config, err := ParseConfig(string(p.Config))
	if err != nil {
		return nil, err
	}
	processor, system, _ := strings.Cut(p.System, "-")
	architecture := cmp.Or(p.Processor, architectures[processor])
	if architecture == "" || system != "linux" {
		return nil, fmt.Errorf("there are no images for the system %s", p.System)
	}
	created := time.Now().UTC()
	if p.Created != "now" {
		if created, err = time.Parse(time.RFC3339, p.Created); err != nil {
			return nil, fmt.Errorf("created is %q, where a time such as 1970-01-01T00:00:01Z is due, or now", p.Created)
		}
	}
	return &v1.ConfigFile{Config: config, Architecture: architecture, OS: system, Created: v1.Time{Time: created}}, nil
}

// tree is all of the image's files but those of the store, of which it has the
// directories above.
func (p Plan) tree(closure []StorePath) (*rootfs.Tree, error) {
	tree, err := rootfs.New(p.Declared)
	if err != nil {
		return nil, err
	}
	for _, path := range closure {
		if err := tree.Lead(path.Path); err != nil {
			return nil, err
		}
	}
	return tree, tree.LinkContents(p.Contents)
}

// compressAll makes the layers, as many at a time as there are processors.
func compressAll(dir string, fills []func(*tar.Writer) error) ([]v1.Layer, error) {
	layers := make([]v1.Layer, len(fills))
	var all errgroup.Group
	all.SetLimit(runtime.NumCPU())
	for i, fill := range fills {
		all.Go(func() (err error) {
			layers[i], err = compress(dir, fill)
			return err
		})
	}
	return layers, all.Wait()
}

// image puts the layers on those of the image that this one is made from.
func (p Plan) image(about *v1.ConfigFile, layers []v1.Layer) (v1.Image, error) {
	made := empty.Image
	if p.FromImage != "" {
		var err error
		opener := func() (io.ReadCloser, error) { return open(p.FromImage) }
		if made, err = tarball.Image(opener, nil); err != nil {
			return nil, fmt.Errorf("the image %s, from which this one is made, can't be read: %w", p.FromImage, err)
		}
	}
	for _, layer := range layers {
		var err error
		history := v1.History{Created: about.Created, CreatedBy: "nixproc"}
		if made, err = mutate.Append(made, mutate.Addendum{Layer: layer, History: history}); err != nil {
			return nil, err
		}
	}
	file, err := made.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Config, file.Architecture, file.OS, file.Created = about.Config, about.Architecture, about.OS, about.Created
	return mutate.ConfigFile(made, file)
}
