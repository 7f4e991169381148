package image

import (
	"cmp"
	"hash/fnv"
	"path"
	"slices"
	"strings"
)

// StorePath is a path of a closure, as exportReferencesGraph describes it.
type StorePath struct {
	Path       string   `json:"path"`
	NarHash    string   `json:"narHash"`
	NarSize    int64    `json:"narSize"`
	References []string `json:"references"`
}

const (
	// maxOwn is how many paths get a layer of their own. Docker takes up to 127
	// layers, of which a user's own image on top of this one may need some.
	maxOwn = 70
	// minOwn is the size, in bytes, from which on that is worth it.
	minOwn = 128 << 10
	// parts is how many layers the others of a kind may get, and fewParts the size up
	// to which they are one.
	parts    = 8
	fewParts = 512 << 10
)

// Layers says which paths of a closure go together into which layer, the lowest
// first. Big paths have one each, so that images with the same path share it, and
// what many others need lies below. What only the profiles need, which changes
// with the processes, comes last.
func Layers(closure []StorePath, profiles []string) [][]string {
	g := newGraph(closure)
	shared := g.withoutProfiles(profiles)
	own, big, small := g.bySize()
	ownShared, ownSpecific := divide(own, shared)
	smallShared, smallSpecific := divide(small, shared)
	layers := slices.Concat(g.split(smallShared), g.split(big))
	for _, name := range slices.Concat(ownShared, ownSpecific) {
		layers = append(layers, []string{name})
	}
	return append(layers, g.split(smallSpecific)...)
}

// divide parts those that are in a set from the rest.
func divide(names []string, set map[string]bool) (in, out []string) {
	for _, name := range names {
		if set[name] {
			in = append(in, name)
		} else {
			out = append(out, name)
		}
	}
	return in, out
}

// graph is a closure by its paths.
type graph struct {
	paths map[string]StorePath
	names []string // sorted
}

func newGraph(closure []StorePath) graph {
	g := graph{paths: map[string]StorePath{}}
	for _, p := range closure {
		g.paths[p.Path] = p
		g.names = append(g.names, p.Path)
	}
	slices.SortFunc(g.names, func(a, b string) int { return cmp.Or(cmp.Compare(nameOf(a), nameOf(b)), cmp.Compare(a, b)) })
	return g
}

// nameOf is what of a store path stays the same when it is built anew.
func nameOf(storePath string) string {
	_, name, _ := strings.Cut(path.Base(storePath), "-")
	return name
}

// bySize gives the paths with a layer of their own, those that most others need
// first; the big ones for which none is left; and the small ones.
func (g graph) bySize() (own, big, small []string) {
	sorted := slices.Clone(g.names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(g.paths[b].NarSize, g.paths[a].NarSize) })
	biggest := map[string]bool{}
	for _, name := range sorted[:min(maxOwn, len(sorted))] {
		biggest[name] = true
	}
	for _, name := range g.names {
		switch {
		case g.paths[name].NarSize < minOwn:
			small = append(small, name)
		case biggest[name]:
			own = append(own, name)
		default:
			big = append(big, name)
		}
	}
	popularity := g.popularity()
	slices.SortStableFunc(own, func(a, b string) int { return cmp.Compare(popularity[b], popularity[a]) })
	return own, big, small
}

// popularity is how many paths need each path.
func (g graph) popularity() map[string]int {
	count := map[string]int{}
	for _, name := range g.names {
		for reached := range g.reach([]string{name}) {
			count[reached]++
		}
	}
	return count
}

// reach is what paths need, with themselves.
func (g graph) reach(from []string) map[string]bool {
	reached := map[string]bool{}
	for waiting := slices.Clone(from); len(waiting) > 0; {
		name := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if _, known := g.paths[name]; known && !reached[name] {
			reached[name] = true
			waiting = append(waiting, g.paths[name].References...)
		}
	}
	return reached
}

// withoutProfiles is what would be needed if the profiles were not there.
func (g graph) withoutProfiles(profiles []string) map[string]bool {
	needed := map[string]bool{}
	for _, name := range g.names {
		for _, reference := range g.paths[name].References {
			if reference != name {
				needed[reference] = true
			}
		}
	}
	var roots []string
	for _, name := range g.names {
		if !needed[name] && !slices.Contains(profiles, name) {
			roots = append(roots, name)
		}
	}
	return g.reach(roots)
}

// split parts paths by their names, so that one that changes takes few
// others with it.
func (g graph) split(names []string) [][]string {
	if len(names) == 0 {
		return nil
	}
	var size int64
	for _, name := range names {
		size += g.paths[name].NarSize
	}
	if size <= fewParts {
		return [][]string{names}
	}
	var all [parts][]string
	for _, name := range names {
		hash := fnv.New32a()
		hash.Write([]byte(nameOf(name)))
		part := hash.Sum32() % parts
		all[part] = append(all[part], name)
	}
	return slices.DeleteFunc(all[:], func(part []string) bool { return len(part) == 0 })
}
