package image

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Each case is a closure, a path a line: NAME SIZE REFERENCE…, where the size is in
// kilobytes; and the layers that it has.
func TestLayers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ closure, want string }{
		{"", ""},
		{"libc 2000 libc\nsmall 1 libc\nbash 1000 libc\nprofile 5 script\nscript 1 small web\nweb 300 libc", "libc|bash|web|profile script small"},
		{"shell 5 libc tool\nlibc 2000\ntool 2 libc\nprofile 5 script tool\nscript 1", "shell tool|libc|profile script"},
		{"other 5 profile\nprofile 5 script\nscript 1", "other profile script"},
	} {
		var layers []string
		for _, layer := range Layers(closureOf(c.closure), []string{"/store/hash-profile"}) {
			var names []string
			for _, name := range layer {
				names = append(names, nameOf(name))
			}
			layers = append(layers, strings.Join(names, " "))
		}
		if got := strings.Join(layers, "|"); got != c.want {
			t.Errorf("%q has the layers %s, want %s", c.closure, got, c.want)
		}
	}
}

func closureOf(text string) (closure []StorePath) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		p := StorePath{Path: "/store/hash-" + words[0]}
		fmt.Sscan(words[1], &p.NarSize)
		p.NarSize <<= 10
		for _, reference := range words[2:] {
			p.References = append(p.References, "/store/hash-"+reference)
		}
		closure = append(closure, p)
	}
	return closure
}

// However large a closure is, there are layers left for others, all of it is in
// one of them, and a path that changes takes few others with it.
func TestLayersOfMany(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	references := ""
	for i := range 1000 {
		fmt.Fprintf(&text, "script%d 10 lib%d\nlib%d %d\n", i, i, i, 200+i)
		references += fmt.Sprintf(" script%d", i)
	}
	fmt.Fprintf(&text, "profile 50%s\n", references)
	closure := closureOf(text.String())
	old := Layers(closure, []string{"/store/hash-profile"})
	total := 0
	for _, layer := range old {
		total += len(layer)
	}
	if len(old) > 100 || total != 2001 {
		t.Errorf("there are %d layers with %d paths", len(old), total)
	}
	rebuilt := strings.NewReplacer("hash-script7\n", "other-script7\n", "hash-profile\n", "other-profile\n")
	for i, p := range closure {
		closure[i].Path = strings.TrimSuffix(rebuilt.Replace(p.Path+"\n"), "\n")
		for j, reference := range p.References {
			p.References[j] = strings.TrimSuffix(rebuilt.Replace(reference+"\n"), "\n")
		}
	}
	var changed, size int64
	for _, layer := range Layers(closure, []string{"/store/other-profile"}) {
		if !slices.ContainsFunc(old, func(other []string) bool { return slices.Equal(layer, other) }) {
			changed++
			for _, name := range layer {
				i := slices.IndexFunc(closure, func(p StorePath) bool { return p.Path == name })
				size += closure[i].NarSize
			}
		}
	}
	if changed < 1 || changed > 2 || size > 4<<20 {
		t.Errorf("%d layers with %d bytes change with one script", changed, size)
	}
}
