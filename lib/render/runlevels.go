package render

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var runlevelFile = regexp.MustCompile(`^etc/rc\.d/(rc.\.d)/(.+)$`)

// shareRunlevels makes a directory of a runlevel a link to that of an earlier
// one with the same content. Most are the same, and with many processes their
// links would be nearly all that a profile consists of: what Nix does with each
// path after a build takes longer than all the rest.
func shareRunlevels(files Tree) {
	contents := map[string][]string{} // directory -> its paths, in order
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if match := runlevelFile.FindStringSubmatch(path); match != nil {
			contents[match[1]] = append(contents[match[1]], path)
		}
	}
	first := map[string]string{} // content -> directory
	for _, directory := range slices.Sorted(maps.Keys(contents)) {
		var content strings.Builder
		for _, path := range contents[directory] {
			file := files[path]
			fmt.Fprintf(&content, "%q %q %t %q\n", runlevelFile.FindStringSubmatch(path)[2], file.Link, file.Executable, file.Content)
		}
		same, found := first[content.String()]
		if !found {
			first[content.String()] = directory
			continue
		}
		for _, path := range contents[directory] {
			delete(files, path)
		}
		files["etc/rc.d/"+directory] = File{Link: same}
	}
}
