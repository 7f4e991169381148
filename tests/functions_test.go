package tests

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const functionsDocument = "../docs/functions.md"

// Every example in the list of functions can be built.
func TestExamplesOfFunctions(t *testing.T) {
	t.Parallel()
	newReader(t, functionsDocument).read()
}

// functionSection is what the document says of one file.
type functionSection struct {
	file      string
	arguments map[string]string // name -> default, "" if it is required
	then      map[string]string // of the function that it returns
	like      map[string]string // kind -> heading of the section that has more of that kind
	unused    map[string]bool   // arguments that are said not to be used
}

var (
	heading     = regexp.MustCompile("^#{2,4} (?:`(.+\\.nix)`)?")
	likeAnother = regexp.MustCompile("^(Argument|Parameter)s: as in \\[`(.+?)`\\]")
	quoted      = regexp.MustCompile("`([^`]+)`")
)

// functionSections reads the tables of the document.
func functionSections(t *testing.T) []*functionSection {
	t.Helper()
	var sections []*functionSection
	var current *functionSection
	var kind string
	for i, line := range strings.Split(read(t, functionsDocument), "\n") {
		cells := cellsOf(line)
		switch match := heading.FindStringSubmatch(line); {
		case match != nil:
			current = &functionSection{file: match[1], arguments: map[string]string{}, then: map[string]string{}, like: map[string]string{}, unused: map[string]bool{}}
			sections = append(sections, current)
		case current == nil:
		case likeAnother.MatchString(line):
			match := likeAnother.FindStringSubmatch(line)
			current.like[strings.ToLower(match[1])] = match[2]
		case cells == nil:
			kind = ""
		case kind == "":
			kind = cells[0]
		case (kind == "argument" || kind == "parameter") && len(cells) == 4 && !strings.HasPrefix(line, "|---"):
			to := current.arguments
			if kind == "parameter" {
				to = current.then
			}
			value := strings.Trim(cells[2], "`")
			if cells[2] == "required" {
				value = ""
			} else if value == "" {
				t.Errorf("%s:%d: what is the default?", functionsDocument, i+1)
			}
			for name := range quotedIn(cells[0]) {
				if _, twice := to[name]; twice {
					t.Errorf("%s:%d: %s stands there twice", functionsDocument, i+1, name)
				}
				to[name] = value
				if kind == "argument" && strings.Contains(cells[3], "not used") {
					current.unused[name] = true
				}
			}
		}
	}
	return sections
}

// cellsOf gives the cells of a line of a table, nil for any other.
func cellsOf(line string) []string {
	if !strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "|---") {
		return nil
	}
	cells := strings.Split(strings.TrimSuffix(line[1:], "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// The list of functions has all of them, with exactly the arguments and the
// parameters that there are, and the defaults that stand in their files.
func TestListOfFunctions(t *testing.T) {
	t.Parallel()
	sections := map[string]*functionSection{}
	for _, section := range functionSections(t) {
		if section.file != "" {
			sections[section.file] = section
		}
	}
	for file := range publicFiles(t) {
		if sections[file] == nil {
			t.Errorf("%s is not in the list", file)
		}
	}

	var told struct {
		Arguments, Parameters map[string]map[string]bool
	}
	if err := json.Unmarshal([]byte(evalWith(t, false, fmt.Sprintf(`let
		inherit (pkgs) lib;
		files = %s;
		import' = file: import (%s + "/${file}");
		# Nothing is looked at that is given.
		call = function: if !builtins.isFunction function then { } else function (builtins.mapAttrs (name: _: throw name)
			(lib.filterAttrs (_: optional: !optional) (builtins.functionArgs function)));
		# The one reads a model, the other passes on arguments that it does not name.
		opaque = [ "backends/disnix/services-adapter.nix" "create-managed-process/agnostic/create-managed-process-universal.nix" ];
		returned = file: if builtins.elem file opaque then { } else
			let result = builtins.tryEval (argumentsOf (call (import' file))); in
			if result.success then result.value else { };
		argumentsOf = value: if builtins.isFunction value then builtins.functionArgs value else { };
		each = f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) files);
	in {
		arguments = each (file: argumentsOf (import' file));
		parameters = each returned;
	}`, nixList(slices.Sorted(maps.Keys(sections))), frameworkOf(t, ".")))), &told); err != nil {
		t.Fatal(err)
	}
	for file, section := range sections {
		for kind, actual := range map[string]map[string]bool{"argument": told.Arguments[file], "parameter": told.Parameters[file]} {
			documented := maps.Clone(section.arguments)
			if kind == "parameter" {
				documented = maps.Clone(section.then)
			}
			own := maps.Clone(documented)
			source := read(t, "../nixproc", file)
			if like := section.like[kind]; like != "" {
				other := sections[like]
				if other == nil {
					t.Errorf("%s refers to %s, which is not in the list", file, like)
					continue
				}
				more := other.arguments
				if kind == "parameter" {
					more = other.then
				}
				maps.Copy(documented, more)
			}
			// What returns this very function is described there.
			if kind == "parameter" && file == "create-managed-process/universal/create-managed-process-universal.nix" {
				source = read(t, "../nixproc/create-managed-process/agnostic/create-managed-process.nix")
			}
			for name, optional := range actual {
				value, there := documented[name]
				switch {
				case !there:
					t.Errorf("%s: the %s %s is not documented", file, kind, name)
				case optional != (value != ""):
					t.Errorf("%s: the %s %s has a default: %t", file, kind, name, optional)
				}
			}
			for name, value := range documented {
				if _, there := actual[name]; !there {
					t.Errorf("%s has no %s %s", file, kind, name)
				}
				if _, here := own[name]; here && value != "" && !hasDefault(source, name, value) {
					t.Errorf("%s: the default of %s is not %s", file, name, value)
				}
			}
		}
	}
}

// hasDefault looks for the default of an argument in the text of a file.
func hasDefault(source, name, value string) bool {
	return slices.ContainsFunc([]string{"\n", ",", " }", " #"}, func(end string) bool {
		return strings.Contains(source, name+" ? "+value+end)
	})
}

// What is said not to be used is not, and all else is.
func TestListOfUnusedArguments(t *testing.T) {
	t.Parallel()
	comment := regexp.MustCompile(`(?m)^\s*#([^!].*)?$`)
	for _, section := range functionSections(t) {
		if section.file == "" {
			continue
		}
		source := comment.ReplaceAllString(read(t, "../nixproc", section.file), "")
		if strings.Contains(source, "}@args") {
			continue // all of them are passed on
		}
		for name := range section.arguments {
			mentions := regexp.MustCompile(`(?:^|[^\w.'-])`+regexp.QuoteMeta(name)+`(?:[^\w'-]|$)`).FindAllString(source, -1)
			if used := len(mentions) > 1; used == section.unused[name] {
				t.Errorf("%s: %s is used: %t", section.file, name, used)
			}
		}
	}
}

// publicFiles are those of the framework that anybody may call: all but the
// ones that the document says are nobody's interface, and those that only stand
// for another one at its older path.
func publicFiles(t *testing.T) map[string]bool {
	t.Helper()
	_, private, found := strings.Cut(read(t, functionsDocument), "### Files that are nobody's interface\n")
	if !found {
		t.Fatal("nothing says which files are nobody's interface")
	}
	private, _, _ = strings.Cut(private, "\n#")
	named := quotedIn(private)
	older := regexp.MustCompile(`^create-managed-process/[^/]+/`)
	files := map[string]bool{}
	err := filepath.WalkDir("../nixproc", func(path string, entry fs.DirEntry, err error) error {
		file := filepath.ToSlash(strings.TrimPrefix(path, "../nixproc/"))
		switch {
		case err != nil || entry.IsDir() || filepath.Ext(file) != ".nix":
		case strings.Contains(file, "/test-module/processes-"): // models
		case strings.HasPrefix(file, "hostpkgs/") || strings.HasPrefix(file, "process/"):
		case strings.Contains(file, "/image-steps/"): // each of them is part of the images of a process manager
		case strings.HasPrefix(file, "create-image-from-steps/steps/"): // see TestListOfSteps
		case named[file]:
			delete(named, file)
		case older.MatchString(file) && strings.Contains(read(t, path), "# The place of this file in older checkouts."):
		default:
			files[file] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range named {
		if strings.HasSuffix(name, ".nix") {
			t.Errorf("%s is not there", name)
		}
	}
	return files
}
