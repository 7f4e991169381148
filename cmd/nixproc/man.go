package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/usage"
)

// man writes the manual pages, which are made of the help texts.
func man(_ *session, _ *options, operands []string) error {
	if len(operands) != 1 {
		return usageError{"man needs one directory to write to"}
	}
	dir := operands[0]
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, page := range manualPages() {
		if err := os.WriteFile(filepath.Join(dir, name+".1"), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// manualPages are all of them, by their names.
func manualPages() map[string][]byte {
	all := commands()
	top := usage.Parse(text("overview"))
	list := usage.Section{Title: "Commands"}
	pages := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text := usage.Parse(all[name].help())
		list.Blocks = append(list.Blocks, usage.Block{Term: "nixproc " + name, Text: text.Summary()})
		if !text.Has(noVariables.Title) {
			text.Sections = append(text.Sections, noVariables)
		}
		pages["nixproc-"+name] = text.Manual(usage.Page{Name: "nixproc-" + name, Version: version, SeeAlso: related(name, all)})
	}
	top.Sections = slices.DeleteFunc(top.Sections, func(s usage.Section) bool { return s.Title == "All commands" })
	top.Sections = append(top.Sections, list,
		usage.Section{Title: "Options", Blocks: []usage.Block{
			{Term: "-h, --help", Text: "list the commands; behind a command, list its options"},
			{Term: "--version", Text: "print the version"},
		}},
		usage.Section{Title: "Environment", Blocks: []usage.Block{{Text: "The page of each command has the variables that it reads."}}})
	pages["nixproc"] = top.Manual(usage.Page{Name: "nixproc", Version: version, SeeAlso: []string{"nix-build", "nix-env"}})
	return pages
}

// noVariables says what a text does not that has no such section.
var noVariables = usage.Section{Title: "Environment", Blocks: []usage.Block{{Text: "It reads no variables of its own."}}}

// related names the pages to read besides that of a command: those of the same
// process manager, or those of the commands that have all managers.
func related(name string, all map[string]command) []string {
	found := []string{"nixproc"}
	manager := managerIn(name)
	for _, other := range slices.Sorted(maps.Keys(all)) {
		if other != name && managerIn(other) == manager && (manager != "" || all[other].set.manager) {
			found = append(found, "nixproc-"+other)
		}
	}
	return found
}

// managerIn is the process manager in a command's name; "" if there is none.
func managerIn(name string) string {
	for _, manager := range managers {
		if strings.HasPrefix(name, manager+"-") {
			return manager
		}
	}
	if name == "s6-svscan" {
		return "s6-rc"
	}
	return ""
}
