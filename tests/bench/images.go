package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// reupload is what of an image may be sent again when a process has changed, in
// bytes.
const reupload = 1e6

// imageResults are those of the image of an example, with copies of this machine's
// programs.
type imageResults struct {
	absent        string // why there are none
	image, export []time.Duration
	evaluation    []time.Duration
	size, closure int64 // bytes
	layers        int
	changed       int64 // bytes of layers that one changed process changes
}

// images measures an image against what Nix needs to write the same closure to a
// file.
func (p *place) images(ctx context.Context, s settings) (imageResults, error) {
	var r imageResults
	fmt.Fprintln(os.Stderr, "measuring images")
	for round := range s.runs + 1 {
		archive := p.path("scratch", fmt.Sprint("image", round%2))
		took, err := p.command(p.binary, "image", "-P", "supervisord", "--host-packages", "--extra-params", imagePorts(round), "-o", archive, p.imageModel()).run(ctx)
		if err != nil && round == 0 && ctx.Err() == nil {
			r.absent = lastLine(err)
			return r, nil
		}
		if err != nil {
			return r, err
		}
		if round == 0 { // it has built the packages, too
			continue
		}
		evaluated, exported, size, err := p.exported(ctx, round)
		if err != nil {
			return r, err
		}
		r.image, r.evaluation, r.export = append(r.image, took.took), append(r.evaluation, evaluated), append(r.export, exported)
		r.closure = size
	}
	last, before := p.path("scratch", fmt.Sprint("image", s.runs%2)), p.path("scratch", fmt.Sprint("image", (s.runs+1)%2))
	return r, r.compare(last, before)
}

func (p *place) imageModel() string {
	return filepath.Join(p.tree, "examples/webapps-agnostic/processes.nix")
}

// imagePorts make another model of the example.
func imagePorts(round int) string {
	return fmt.Sprintf("{ ids = { webappPorts.webapp = %d; nginxPorts.nginx = 8080; uids = { }; gids = { }; }; }", 5000+round)
}

// exported instantiates the same image, and exports what is in it.
func (p *place) exported(ctx context.Context, round int) (evaluated, exported time.Duration, size int64, err error) {
	framework := filepath.Join(p.tree, "nixproc")
	instantiate := p.command("nix-instantiate", filepath.Join(framework, "image.nix"), "-I", "nixpkgs="+filepath.Join(framework, "hostpkgs/self-contained"),
		"--argstr", "exprFile", p.imageModel(), "--argstr", "processManager", "supervisord", "--argstr", "name", "processes", "--argstr", "tag", "latest",
		"--arg", "extraParams", imagePorts(round))
	instantiate.env = append(slices.Clone(instantiate.env), "NIXPROC_BUILDER="+p.binary)
	drv, err := instantiate.run(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	file := p.path("scratch", "closure")
	// What an image has is what its plan, a file of the store, refers to.
	list := fmt.Sprintf(`plan=$(nix-store --query --references "$1" | grep -- '-image-.*\.json\.drv$') && nix-store --query --requisites $(nix-store --realise "$plan") >%[1]s.list`, file)
	if _, err := p.command("sh", "-c", list, "sh", strings.TrimSuffix(drv.stdout, "!out")).run(ctx); err != nil {
		return 0, 0, 0, err
	}
	r, err := p.command("sh", "-c", fmt.Sprintf("nix-store --export $(cat %[1]s.list) >%[1]s", file)).run(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, 0, 0, err
	}
	return drv.took, r.took, info.Size(), nil
}

// compare looks at two archives.
func (r *imageResults) compare(file, before string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	r.size = info.Size()
	old, err := layersOf(before)
	if err != nil {
		return err
	}
	now, err := layersOf(file)
	r.layers = len(now)
	for digest, size := range now {
		if _, kept := old[digest]; !kept {
			r.changed += size
		}
	}
	return err
}

// layersOf gives the sizes of an archive's layers by their digests.
func layersOf(file string) (map[string]int64, error) {
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, layer := range manifest.Layers {
		sizes[layer.Digest.String()] = layer.Size
	}
	return sizes, nil
}

func (r imageResults) print(w io.Writer, s settings) {
	if r.absent != "" {
		fmt.Fprintf(w, "\nImages were not measured: %s\n", r.absent)
		return
	}
	made, floor := median(r.image), median(r.evaluation)+median(r.export)
	fmt.Fprintf(w, `
An image of a web application, nginx and supervisord, with a shell, medians of %d
runs; its packages were built before. Floor: nix-instantiate, and nix-store --export
of the same closure.

image   %.3f s   floor %.3f s   ratio %.2f
size    %.1f MB   closure %.1f MB   ratio %.2f   layers %d

`, s.runs, made.Seconds(), floor.Seconds(), ratio(made, floor), float64(r.size)/1e6, float64(r.closure)/1e6, float64(r.size)/float64(r.closure), r.layers)
	fmt.Fprintln(w, verdict{2, "image: no larger than its closure", fmt.Sprintf("%.1f MB", float64(r.size)/1e6), r.size <= r.closure})
	fmt.Fprintln(w, verdict{2, "image, one changed: less than 1 MB is sent again", fmt.Sprintf("%.3f MB", float64(r.changed)/1e6), r.changed > 0 && r.changed < reupload})
}
