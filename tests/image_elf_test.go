package tests

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// elfFile is what the loader reads of a program or a library.
type elfFile struct {
	interpreter    string // of a program; a library that can be run as one has none here
	needed         []string
	rpath, runpath []string
}

func parseELF(name string, data []byte) (*elfFile, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	found := &elfFile{}
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP {
			text := make([]byte, part.Filesz)
			if _, err := part.ReadAt(text, 0); err != nil {
				return nil, err
			}
			found.interpreter = strings.TrimRight(string(text), "\x00")
		}
	}
	if found.needed, err = f.DynString(elf.DT_NEEDED); err != nil {
		return found, nil // it is static
	}
	if names, err := f.DynString(elf.DT_SONAME); err == nil && len(names) > 0 {
		found.interpreter = ""
	}
	for tag, to := range map[elf.DynTag]*[]string{elf.DT_RPATH: &found.rpath, elf.DT_RUNPATH: &found.runpath} {
		values, err := f.DynString(tag)
		if err != nil {
			return nil, err
		}
		for dir := range strings.SplitSeq(strings.Join(values, ":"), ":") {
			if dir != "" {
				*to = append(*to, strings.ReplaceAll(strings.ReplaceAll(dir, "${ORIGIN}", "$ORIGIN"), "$ORIGIN", path.Dir(name)))
			}
		}
	}
	return found, nil
}

// linked checks, as ld.so(8) would, that the loaders and all libraries of all
// programs and libraries are in the image. It gives how many programs there are.
func (i *image) linked(t *testing.T) (programs int) {
	t.Helper()
	all := map[string]*elfFile{}
	for _, name := range slices.Sorted(maps.Keys(i.files)) {
		if f := i.files[name]; f.Typeflag == tar.TypeReg && bytes.HasPrefix(f.data, []byte(elf.ELFMAG)) {
			parsed, err := parseELF(name, f.data)
			if err != nil {
				continue // it is an object file, or for another machine
			}
			all[name] = parsed
		}
	}
	// What is loaded along with some program is there for its plugins, too.
	loaded := map[string]bool{}
	for name, f := range all {
		if f.interpreter == "" {
			continue
		}
		programs++
		if i.follow(f.interpreter) == "" {
			t.Errorf("%s: its loader %s is not in the image", name, f.interpreter)
		}
		i.load(t, name, all, loaded)
	}
	for name, f := range all {
		if f.interpreter != "" {
			continue
		}
		for _, library := range f.needed {
			if !loaded[library] && i.find(library, slices.Concat(f.rpath, f.runpath)) == "" {
				t.Errorf("%s, a library: it needs %s, which is not in the image", name, library)
			}
		}
	}
	return programs
}

// load looks for what a program needs, and what that needs.
func (i *image) load(t *testing.T, program string, all map[string]*elfFile, loaded map[string]bool) {
	t.Helper()
	loader := path.Base(all[program].interpreter)
	own := map[string]bool{loader: true}
	loaded[loader] = true
	for waiting := []string{program}; len(waiting) > 0; waiting = waiting[1:] {
		f := all[waiting[0]]
		if f == nil {
			continue
		}
		dirs := f.runpath
		if len(dirs) == 0 {
			dirs = slices.Concat(f.rpath, all[program].rpath)
		}
		for _, library := range f.needed {
			if own[library] {
				continue
			}
			own[library], loaded[library] = true, true
			found := i.find(library, dirs)
			if found == "" {
				t.Errorf("%s: %s needs %s, which is not in the image", program, waiting[0], library)
				continue
			}
			waiting = append(waiting, found)
		}
	}
}

func (i *image) find(library string, dirs []string) string {
	for _, dir := range dirs {
		if found := i.follow(path.Join(dir, library)); found != "" {
			return found
		}
	}
	return ""
}

// interpreted checks that who reads each script is in the image.
func (i *image) interpreted(t *testing.T) (scripts int) {
	t.Helper()
	for name, f := range i.files {
		line, _, _ := bytes.Cut(f.data, []byte("\n"))
		text, isScript := strings.CutPrefix(string(line), "#!")
		words := strings.Fields(text)
		if f.Typeflag != tar.TypeReg || f.Mode&0o111 == 0 || !isScript || len(words) == 0 {
			continue
		}
		scripts++
		if i.follow(words[0]) == "" {
			t.Errorf("%s: what reads it, %s, is not in the image", name, words[0])
		}
	}
	return scripts
}
