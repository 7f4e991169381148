package tests

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// What overrides see is what another test has found out.
func TestListOfOverrides(t *testing.T) {
	t.Parallel()
	listed := tableOf(t, "### What overrides see")
	for name, o := range overrides {
		want := setOf(strings.Fields(o.common + " " + strings.Join(slices.Collect(maps.Values(o.more)), " ")))
		got := quotedIn(strings.Join(listed[name], " "))
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
		for word := range quotedIn(cells[0]) {
			table[word] = cells[1:]
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
			sameNames(t, manager+", "+kind, quotedIn(cells[i]), setOf(useless[manager][kind]))
		}
	}
	if len(listed) != len(overrides) {
		t.Errorf("the table has %d process managers", len(listed))
	}
}

// sameNames compares what a table of the document lists with what there is.
func sameNames(t *testing.T, what string, listed, there map[string]bool) {
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

// quotedIn gives what stands in backquotes.
func quotedIn(text string) map[string]bool {
	words := map[string]bool{}
	for _, match := range quoted.FindAllStringSubmatch(text, -1) {
		words[match[1]] = true
	}
	return words
}

func setOf(words []string) map[string]bool {
	set := map[string]bool{}
	for _, word := range words {
		set[word] = true
	}
	return set
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
		there := map[string]bool{}
		for parameter, optional := range functions[name] {
			if optional {
				parameter += "?"
			}
			there[parameter] = true
		}
		sameNames(t, name, quotedIn(cells[1]), there)
	}
	sameNames(t, "backends/util", listed, wordsOf(functions))
}
