package tests

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What overrides see is what another test has found out.
func TestListOfOverrides(t *testing.T) {
	t.Parallel()
	listed := tableOf(t, "### What overrides see")
	for name, o := range overrides {
		want := map[string]bool{}
		for _, word := range strings.Fields(o.common + " " + strings.Join(slices.Collect(maps.Values(o.more)), " ")) {
			want[word] = true
		}
		got := map[string]bool{}
		for _, cell := range listed[name] {
			for _, word := range quoted.FindAllStringSubmatch(cell, -1) {
				got[word[1]] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: overrides see %q, not %q", name, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
		}
	}
	if len(listed) != len(overrides) {
		t.Errorf("the table has %d process managers", len(listed))
	}
}

// tableOf gives the first table below a heading of the document: the word in
// the first cell of each line -> the other cells.
func tableOf(t *testing.T, heading string) map[string][]string {
	t.Helper()
	_, text, found := strings.Cut(read(t, functionsDocument), heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", functionsDocument, heading)
	}
	table := map[string][]string{}
	for i, line := range strings.Split(text[strings.Index(text, "\n|"):], "\n")[1:] {
		cells := cellsOf(line)
		if cells == nil {
			break
		}
		if i < 2 { // the head
			continue
		}
		for _, word := range quoted.FindAllStringSubmatch(cells[0], -1) {
			table[word[1]] = cells[1:]
		}
	}
	return table
}

// What a process manager has no use for changes nothing in what is made of a
// process, and all else does.
func TestListOfUselessParameters(t *testing.T) {
	t.Parallel()
	var useless map[string]map[string][]string
	listed := tableOf(t, "What some process managers have no use for:")
	if err := json.Unmarshal([]byte(evalWith(t, false, `let
		inherit (pkgs) lib;
		samples = manager: {
			description = "other"; initialize = "true"; args = [ "x" ]; pidFile = "/p"; path = [ pkgs.gnused ]; environment.A = 1;
			directory = "/d"; umask = "027"; nice = 5; user = "u"; credentials.groups.g = { }; postInstall = "true"; instanceName = "b";
			dependencies = [ ((create manager) { name = "other"; process = "/bin/other"; }) ];
		};
		made = manager: properties: builtins.toJSON ((create manager) properties).nixproc;
		unused = manager: base: lib.attrNames (lib.filterAttrs
			(parameter: sample: made manager base == made manager (base // { ${parameter} = sample; }))
			(samples manager));
	in lib.listToAttrs (map
		(manager: lib.nameValuePair manager {
			foreground = unused manager { name = "a"; instanceName = "a"; foregroundProcess = "/bin/a"; };
			daemon = unused manager { name = "a"; instanceName = "a"; daemon = "/bin/a"; };
		})
		`+nixList(slices.Sorted(maps.Keys(listed)))+`)`)), &useless); err != nil {
		t.Fatal(err)
	}
	for manager, cells := range listed {
		for i, kind := range []string{"foreground", "daemon"} {
			told, there := map[string]bool{}, map[string]bool{}
			for _, word := range quoted.FindAllStringSubmatch(cells[i], -1) {
				told[word[1]] = true
			}
			for _, parameter := range useless[manager][kind] {
				there[parameter] = true
			}
			sameWords(t, manager+", "+kind, told, there)
		}
	}
	if len(listed) != len(overrides) {
		t.Errorf("the table has %d process managers", len(listed))
	}
}

// sameWords compares what a table of the document lists with what there is.
func sameWords(t *testing.T, what string, listed, there map[string]bool) {
	t.Helper()
	for word := range there {
		if !listed[word] {
			t.Errorf("%s: %s is not in the document", what, word)
		}
	}
	for word := range listed {
		if !there[word] {
			t.Errorf("%s: there is no %s", what, word)
		}
	}
}

func wordsOf[V any](table map[string]V) map[string]bool {
	words := map[string]bool{}
	for word := range table {
		words[word] = true
	}
	return words
}

// The functions that make parts of shell scripts, and their parameters.
func TestListOfShellFunctions(t *testing.T) {
	t.Parallel()
	var functions map[string]map[string]bool
	if err := json.Unmarshal([]byte(newStore(t).eval(t, "builtins.mapAttrs (_: builtins.functionArgs) (import "+frameworkOf(t, "backends/util")+" { inherit (pkgs) lib; })")), &functions); err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(read(t, functionsDocument), "### `backends/util/default.nix`\n")
	_, section, _ = strings.Cut(section, "| function |")
	listed := map[string]bool{}
	for _, line := range strings.Split(section, "\n")[2:] {
		cells := cellsOf(line)
		if cells == nil {
			break
		}
		name := strings.Trim(cells[0], "`")
		listed[name] = true
		parameters, there := map[string]bool{}, map[string]bool{}
		for _, word := range quoted.FindAllStringSubmatch(cells[1], -1) {
			parameters[word[1]] = true
		}
		for parameter, optional := range functions[name] {
			if optional {
				parameter += "?"
			}
			there[parameter] = true
		}
		sameWords(t, name, parameters, there)
	}
	sameWords(t, "backends/util", listed, wordsOf(functions))
}

// The document lists all that hostpkgs have.
func TestListOfHostPackages(t *testing.T) {
	t.Parallel()
	var names []string
	if err := json.Unmarshal([]byte(newStore(t).eval(t, "builtins.attrNames pkgs")), &names); err != nil {
		t.Fatal(err)
	}
	there, listed := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	_, section, _ := strings.Cut(read(t, functionsDocument), "\n| kind | attributes |\n")
	section, _, _ = strings.Cut(section, "\n\n")
	for _, word := range quoted.FindAllStringSubmatch(section, -1) {
		listed[word[1]] = true
	}
	sameWords(t, "hostpkgs", listed, there)
}

// The document lists the variables that the help texts name, or that a program
// or an expression reads; those that every program gets need no line.
func TestListOfVariables(t *testing.T) {
	t.Parallel()
	told := regexp.MustCompile(`\b(?:NIXPROC|(?:NIXPROC|NIX|DISNIX|DOCKER|SYSTEMD|SUPERVISORD|LAUNCHD|BSDRC|XDG)_[A-Z_]*[A-Z])\b`)
	asked := regexp.MustCompile(`(?:Getenv\(|LookupEnv\(|env\(|getEnv )"([A-Z_]*[A-Z])"`)
	there := map[string]bool{}
	for _, tree := range []string{"../cmd", "../lib", "../nixeval", "../nixproc"} {
		err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			switch filepath.Ext(path) {
			case ".txt":
				for _, name := range told.FindAllString(read(t, path), -1) {
					there[name] = true
				}
			case ".go", ".nix":
				for _, match := range asked.FindAllStringSubmatch(read(t, path), -1) {
					there[match[1]] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, usual := range []string{"HOME", "PATH", "TMPDIR", "USER", "NIX_ATTRS_JSON_FILE", "IN_NIX_SHELL"} {
		delete(there, usual)
	}
	sameWords(t, "variables", wordsOf(tableOf(t, "## Environment variables")), there)
}

// The files of a profile are those that the guide shows, where a test compares
// them with what is built.
func TestListOfFilesInProfiles(t *testing.T) {
	t.Parallel()
	guide := read(t, "../docs/guide.md")
	for manager, cells := range tableOf(t, "## Profiles") {
		shown := "-processes-" + manager + "\n"
		if manager == "disnix" {
			shown = "-manifest.xml\n"
		}
		if !strings.Contains(guide, shown) {
			t.Errorf("the guide shows no profile for %s", manager)
		}
		found := 0
		for _, path := range quoted.FindAllStringSubmatch(cells[0], -1) {
			if strings.Contains(guide, strings.ReplaceAll(path[1], "NAME", "greeter")+"\n") {
				found++
			} else if !strings.Contains(path[1], "SnnNAME") && !strings.Contains(path[1], "KnnNAME") && path[1] != "etc/dysnomia/process/NAME" {
				t.Errorf("%s: the guide shows no file %s", manager, path[1])
			}
		}
		if found == 0 && manager != "disnix" {
			t.Errorf("%s: no file is shown", manager)
		}
	}
}

// What is printed for programs, and nixproc.json, have the fields that the
// document lists, each of them said to be stable or not.
func TestListOfFields(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	model := d.model("model.nix", `rec {
		a = sleeper "a" { } // { port = 1; };
		b = sleeper "b" { dependencies = [ a.pkg ]; };
	}`)
	printed := map[string]string{
		"nixproc switch --json":      d.mustSwitchTo("--json", model).stdout,
		"nixproc status --json":      d.nixproc("status", "--runlevel=3", "--json").stdout,
		"nixproc generations --json": d.nixproc("generations", "--json").stdout,
		"nixproc.json":               read(t, d.path("profiles", "processes", "nixproc.json")),
	}
	for command, text := range printed {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatalf("%s: %v in %s", command, err, text)
		}
		there := map[string]bool{}
		fieldsOf(value, there)
		table := tableOf(t, "### `"+command+"`")
		sameWords(t, command, wordsOf(table), there)
		for field, cells := range table {
			if !slices.Contains([]string{"yes", "no"}, cells[len(cells)-1]) {
				t.Errorf("%s: is %s stable?", command, field)
			}
		}
	}
	if r := d.switchTo("--undeploy"); r.code != 0 {
		t.Error(r.stderr)
	}
}

// fieldsOf collects the names of the fields of an object, or of those in a
// list, and of its processes.
func fieldsOf(value any, into map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			fieldsOf(element, into)
		}
	case map[string]any:
		for field := range value {
			into[field] = true
		}
		fieldsOf(value["processes"], into)
	}
}
