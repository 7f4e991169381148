package tests

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manifest"
)

// profileEntry is a file of a profile. Links into the store count as what they
// lead to, others as links.
type profileEntry struct {
	link       string
	executable bool
	text       string
}

// profileFiles are the files of a profile by their paths in it.
func profileFiles(root string) (map[string]profileEntry, error) {
	found := map[string]profileEntry{}
	var walk func(real, path string) error
	walk = func(real, path string) error {
		info, err := os.Lstat(real)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(real)
			if err != nil {
				return err
			}
			target := link
			if !filepath.IsAbs(link) {
				target = filepath.Join(filepath.Dir(real), link)
			}
			info, err := os.Stat(target)
			if !filepath.IsAbs(link) || err != nil {
				found[path] = profileEntry{link: withoutHashes(link)}
			}
			// A link within the profile to a directory of it counts as both.
			if err != nil || !filepath.IsAbs(link) && !info.IsDir() {
				return nil
			}
			return walk(target, path)
		}
		if !info.IsDir() {
			data, err := os.ReadFile(real)
			found[path] = profileEntry{executable: info.Mode()&0o111 != 0, text: string(data)}
			return err
		}
		entries, err := os.ReadDir(real)
		for _, entry := range entries {
			if err := walk(filepath.Join(real, entry.Name()), filepath.Join(path, entry.Name())); err != nil {
				return err
			}
		}
		return err
	}
	return found, walk(root, "")
}

// difference is a kind of differences between what the original builds and what
// ours builds in its place. What it says of the original's files is applied to
// them; what comes out has to be ours, to the letter.
type difference struct {
	name string
	// line is part of the line of COMPATIBILITY.md that lists it.
	line     string
	managers []string // of these managers only
	files    *regexp.Regexp
	// change turns the text of the original's file into ours.
	change func(text string) string
	// both is applied to ours, too.
	both bool
	// profile says that the file is the profile's own, not one of a package.
	profile bool
	// gone and added say that files are not ours, or not the original's.
	gone, added bool
}

func (d difference) covers(manager, path string) bool {
	return (d.managers == nil || slices.Contains(d.managers, manager)) && d.files.MatchString(path)
}

// replacing is a change of each match.
func replacing(pattern, with string) func(string) string {
	expression := regexp.MustCompile(pattern)
	return func(text string) string { return expression.ReplaceAllString(text, with) }
}

// bothProfiles gives the files of a profile of the original and of one of ours.
func bothProfiles(theirs, ours string) (old, new map[string]profileEntry, err error) {
	tree, err := manifest.Tree(ours)
	if err != nil {
		return nil, nil, err
	}
	if old, err = profileFiles(theirs); err != nil {
		return nil, nil, err
	}
	new, err = profileFiles(tree)
	return old, new, err
}

// merged describes how the profile that our command makes of the original's own
// packages differs from the original, apart from the files that no package has.
func merged(manager, theirs, ours string, used map[string]bool) ([]string, error) {
	own := []string{"nixproc.json"}
	if manager == "disnix" {
		own = append(own, "profilemanifest.xml")
	}
	old, new, err := bothProfiles(theirs, ours)
	if err != nil {
		return nil, err
	}
	var found []string
	for path, file := range new {
		was, is := old[path]
		switch {
		case is && was == file || slices.Contains(own, path):
		case is && slices.ContainsFunc(differences, func(d difference) bool { return d.profile && d.covers(manager, path) }):
			found = append(found, unlikeText(manager, path, was.text, file.text, used)...)
		default:
			found = append(found, fmt.Sprintf("%s: it is %+v, ours is %+v", path, was, file))
		}
		delete(old, path)
	}
	for path := range old {
		found = append(found, "only the original has "+path)
	}
	slices.Sort(found)
	return found, nil
}

// unlike describes how the profile that ours builds in the place of the original
// differs from it, apart from the listed kinds.
func unlike(manager, theirs, ours string, used map[string]bool) ([]string, error) {
	old, new, err := bothProfiles(theirs, ours)
	if err != nil {
		return nil, err
	}
	var found []string
	paths := maps.Clone(old)
	maps.Copy(paths, new)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		was, before := old[path]
		is, after := new[path]
		explained := func(of func(difference) bool) bool {
			for _, d := range differences {
				if of(d) && d.covers(manager, path) {
					used[d.name] = true
					return true
				}
			}
			return false
		}
		switch {
		case !after && !explained(func(d difference) bool { return d.gone }):
			found = append(found, "only the original has "+path)
		case !before && !explained(func(d difference) bool { return d.added }):
			found = append(found, "only ours has "+path)
		case !before || !after:
		case was.link != is.link || was.executable != is.executable:
			found = append(found, fmt.Sprintf("%s: link %q, executable %t; ours link %q, executable %t", path, was.link, was.executable, is.link, is.executable))
		default:
			found = append(found, unlikeText(manager, path, was.text, is.text, used)...)
		}
	}
	return found, nil
}

func unlikeText(manager, path, was, is string, used map[string]bool) []string {
	if was == is {
		return nil
	}
	for _, d := range differences {
		if d.change == nil || !d.covers(manager, path) {
			continue
		}
		before := was + is
		was = d.change(was)
		if d.both {
			is = d.change(is)
		}
		if was+is != before {
			used[d.name] = true
		}
	}
	was, is = withoutHashes(was), withoutHashes(is)
	if was == is {
		return nil
	}
	var found []string
	for _, line := range changedLines(strings.Split(was, "\n"), strings.Split(is, "\n")) {
		found = append(found, path+": "+line)
	}
	return found
}

// changedLines are the lines that are in one of two texts only, by their longest
// common subsequence, as diff(1) shows them.
func changedLines(a, b []string) []string {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var found []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			found = append(found, "- "+a[i])
			i++
		default:
			found = append(found, "+ "+b[j])
			j++
		}
	}
	return found
}

// realise builds what was evaluated; what can't be built has the reason in err.
func (o *oldTrees) realise(what ...map[string]evaluation) {
	var all []string
	for _, results := range what {
		for _, e := range results {
			if e.err == nil {
				all = append(all, e.Drv)
			}
		}
	}
	for some := range slices.Chunk(all, 30) {
		args := append([]string{"--realise", "--keep-going", "--max-jobs", "2"}, some...)
		o.store.nix(o.env, "nix-store", args...) // what fails has no output: see below
	}
	for _, results := range what {
		for name, e := range results {
			if _, err := os.Lstat(e.Out); e.err == nil && err != nil {
				_, e.err = o.store.nix(o.env, "nix-store", "--realise", e.Drv)
				results[name] = e
			}
		}
	}
}
