package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/manifest"
	"nixproc/lib/profile"
)

// What is deployed, as far as it can be read at a glance. Completion takes what
// it gets: whatever can't be read is left out.

func sortedByText(words []offered) []offered {
	slices.SortFunc(words, func(a, b offered) int { return strings.Compare(a.text, b.text) })
	return words
}

func placeAtAGlance(manager string, o *options) (profile.Profile, bool) {
	if o.profile == "" {
		o.profile = usualProfile
	}
	where, err := placeOf(manager, o)
	return where, err == nil
}

// profileNames are those of the profiles with processes, with their managers.
func profileNames(manager string, o *options) (names []offered) {
	o.profile = usualProfile
	where, ok := placeAtAGlance(manager, o)
	if !ok {
		return nil
	}
	entries, err := os.ReadDir(where.Dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		where.Name = entry.Name()
		if current, found, err := where.Current(); err == nil && found {
			if owner, err := manifest.ManagerOf(current.Path); err == nil && owner != "" {
				names = append(names, offered{where.Name, owner})
			}
		}
	}
	return names
}

// generationNumbers are those of a manager's generations, the newest first.
func generationNumbers(manager string, o *options) (numbers []offered) {
	where, ok := placeAtAGlance(manager, o)
	if !ok {
		return nil
	}
	generations, err := where.Generations()
	if err != nil {
		return nil
	}
	for _, generation := range slices.Backward(generations) {
		owner, err := manifest.ManagerOf(generation.Path)
		if err != nil || manager != "" && owner != "" && owner != manager {
			continue
		}
		said := generation.Created.Format(time.DateTime)
		if generation.Current {
			said += " (current)"
		}
		numbers = append(numbers, offered{strconv.Itoa(generation.Number), said})
	}
	return numbers
}

// processNames are those of the processes of the current generation.
func processNames(manager string, o *options) (names []offered) {
	where, ok := placeAtAGlance(manager, o)
	if !ok {
		return nil
	}
	contents, err := manifest.Read(filepath.Join(where.Dir, where.Name))
	if err != nil || contents == nil {
		return nil
	}
	for _, process := range contents.Processes {
		names = append(names, offered{process.Name, ""})
	}
	return sortedByText(names)
}
