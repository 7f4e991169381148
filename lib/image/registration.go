package image

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/image/rootfs"
)

// WriteRegistration writes a closure as `nix-store --load-db` reads it, without
// the plan.
func WriteRegistration(planFile string, closure []StorePath, out string) error {
	var text strings.Builder
	for _, p := range closure {
		if p.Path == planFile {
			continue
		}
		// The fourth line would be what it was built from.
		fmt.Fprintf(&text, "%s\n%s\n%d\n\n%d\n", p.Path, p.NarHash, p.NarSize, len(p.References))
		for _, reference := range p.References {
			text.WriteString(reference + "\n")
		}
	}
	return os.WriteFile(out, []byte(text.String()), 0o444)
}

// addDatabase puts Nix's database into the image. What the plan refers to stays
// when garbage is collected.
func (p *Plan) addDatabase(dir, planFile string, closure []StorePath) {
	const state = "/nix/var/nix/"
	files, links := map[string]rootfs.File{}, map[string]string{}
	maps.Copy(files, p.Files)
	maps.Copy(links, p.Links)
	for _, name := range []string{"db.sqlite", "schema"} {
		files[state+"db/"+name] = rootfs.File{Source: filepath.Join(dir, name)}
	}
	for _, path := range closure {
		if path.Path != planFile {
			continue
		}
		for _, reference := range path.References {
			links[state+"gcroots/image/"+filepath.Base(reference)] = reference
		}
	}
	p.Files, p.Links = files, links
}
