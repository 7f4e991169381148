package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

var (
	quotedWord  = regexp.MustCompile("`([^`]+)`")
	ofManager   = regexp.MustCompile(`\((\S+)\)$`)
	variableRow = regexp.MustCompile("^`[A-Z]")
)

// claims are what the tables of COMPATIBILITY.md say.
type claims struct {
	options   map[string]map[string]string // command -> option with its dashes -> same, new or none
	created   []string                     // new commands
	variables map[string]string            // same, new or none
}

func readClaims(t *testing.T) claims {
	t.Helper()
	data, err := os.ReadFile("../../COMPATIBILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	c := claims{map[string]map[string]string{}, nil, map[string]string{}}
	var family []string
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 {
			continue
		}
		old, ours := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
		var words []string
		for _, match := range quotedWord.FindAllStringSubmatch(old, -1) {
			words = append(words, match[1])
		}
		switch {
		case old == "**new commands**":
			for _, match := range quotedWord.FindAllStringSubmatch(ours, -1) {
				c.created = append(c.created, match[1])
			}
		case strings.HasPrefix(old, "**"):
			family = nil
			for name := range commands() {
				for _, manager := range managers {
					if "nixproc-"+name == strings.ReplaceAll(words[0], "nixproc-M-", "nixproc-"+manager+"-") && !slices.Contains(family, name) {
						family = append(family, name)
					}
				}
			}
			for _, name := range family {
				c.options[name] = map[string]string{}
			}
			if len(family) == 0 || !strings.Contains(ours, "`nixproc "+strings.TrimPrefix(words[0], "nixproc-")+"`") {
				t.Errorf("no command is meant by %s", line)
			}
		case variableRow.MatchString(old):
			for _, word := range words {
				c.variables[word] = ours
			}
		case strings.HasPrefix(old, "`-"):
			for _, name := range family {
				if of := ofManager.FindStringSubmatch(old); of != nil && !strings.HasPrefix(name, of[1]+"-") {
					continue
				}
				for _, word := range words {
					c.options[name][word] = ours
				}
			}
		}
	}
	return c
}

// COMPATIBILITY.md lists each command, each of its options and each variable,
// and none that there is not.
func TestCompatibilityTables(t *testing.T) {
	claimed := readClaims(t)
	all := commands()
	known := slices.Concat(slices.Collect(maps.Keys(claimed.options)), claimed.created)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(known, name) {
			t.Errorf("the command %s is missing", name)
		}
	}
	for _, name := range known {
		if all[name].run == nil {
			t.Errorf("there is no command %s", name)
		}
	}
	for name, options := range claimed.options {
		there := map[string]bool{}
		flagsOf(all[name].set).VisitAll(func(flag *pflag.Flag) {
			there["--"+flag.Name] = true
			if flag.Shorthand != "" {
				there["-"+flag.Shorthand] = true
			}
		})
		for option := range there {
			if ours := options[option]; ours != "same" && ours != "new" {
				t.Errorf("%s: %s is said to be %q", name, option, ours)
			}
		}
		for option, ours := range options {
			if there[option] != (ours != "none") {
				t.Errorf("%s: %s is said to be %q, and is there: %v", name, option, ours, there[option])
			}
		}
	}
	variable := regexp.MustCompile(`\b(NIX|NIXPROC|[A-Z]+_TARGET|SUPERVISORD|DISNIX|DOCKER|BSDRC|XDG_RUNTIME)(_[A-Z]+)*\b`)
	mentioned := map[string]bool{}
	for _, command := range all {
		_, text, _ := strings.Cut(command.help(), "\nEnvironment")
		for _, name := range variable.FindAllString(text, -1) {
			mentioned[name] = true
		}
	}
	for name := range mentioned {
		if ours := claimed.variables[name]; ours != "same" && ours != "new" {
			t.Errorf("the variable %s is said to be %q", name, ours)
		}
	}
	for name, ours := range claimed.variables {
		if mentioned[name] != (ours != "none") {
			t.Errorf("the variable %s is said to be %q, and the help mentions it: %v", name, ours, mentioned[name])
		}
	}
}

// What the older framework's commands take, as their calls of getopt say, is
// what the table says of them.
func TestOptionsOfOlderCommands(t *testing.T) {
	checkout := os.Getenv("NIXPROC_OLD_FRAMEWORK")
	if checkout == "" {
		t.Skip("NIXPROC_OLD_FRAMEWORK names no checkout of the older framework")
	}
	scripts, err := filepath.Glob(filepath.Join(checkout, "tools/*/nixproc-*.in"))
	if err != nil || len(scripts) < 20 {
		t.Fatalf("%d commands: %v", len(scripts), err)
	}
	claimed := readClaims(t)
	call := regexp.MustCompile(`-o (\S+) -l (\S+) --`)
	for _, script := range scripts {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(script), "nixproc-"), ".in")
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		match := call.FindSubmatch(data)
		if match == nil {
			t.Errorf("%s calls no getopt", name)
			continue
		}
		old := map[string]bool{}
		for _, letter := range strings.ReplaceAll(string(match[1]), ":", "") {
			old["-"+string(letter)] = true
		}
		for option := range strings.SplitSeq(strings.ReplaceAll(string(match[2]), ":", ""), ",") {
			old["--"+option] = true
		}
		for option := range old {
			if ours := claimed.options[name][option]; ours != "same" && ours != "none" {
				t.Errorf("%s: the old %s is said to be %q", name, option, ours)
			}
		}
		for option, ours := range claimed.options[name] {
			// All managers have all options of their kind.
			lacked := strings.HasPrefix(name, "docker-") || strings.HasPrefix(name, "s6-rc-")
			if ours == "new" && old[option] || ours == "none" && !old[option] || ours == "same" && !old[option] && !lacked {
				t.Errorf("%s: %s is said to be %q, and was there: %v", name, option, ours, old[option])
			}
		}
	}
}
