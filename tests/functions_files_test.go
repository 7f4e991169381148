package tests

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The document lists the attributes of tools/, and the commands that each has.
func TestListOfTools(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	_, text, _ := strings.Cut(read(t, functionsDocument), "| attribute | commands |\n")
	for _, line := range strings.Split(text, "\n")[1:] {
		cells := cellsOf(line)
		if cells == nil {
			break
		}
		for name := range quotedIn(cells[0]) {
			listed[name] = true
			commands := "../tools/" + name + "/commands"
			if _, err := os.Stat(commands); err == nil {
				told := quotedIn(strings.ReplaceAll(cells[1], "-M-", "-"+name+"-"))
				sameNames(t, commands, told, setOf(strings.Fields(read(t, commands))))
			}
		}
	}
	var names []string
	if err := json.Unmarshal([]byte(newStore(t).eval(t, "builtins.attrNames (import "+absolute(t, "../tools")+" { inherit pkgs; })")), &names); err != nil {
		t.Fatal(err)
	}
	sameNames(t, "tools", listed, setOf(names))
}

// The document lists the properties of users and groups; any other is named in
// a warning.
func TestListOfAccountProperties(t *testing.T) {
	t.Parallel()
	set := map[string]string{}
	listed, there := map[string]bool{}, map[string]bool{}
	for property, cells := range tableOf(t, "Properties of users and groups (any other has no effect, and a warning names it):") {
		for _, kind := range []string{"groups", "users"} {
			if cells[0] == kind || cells[0] == "both" {
				set[kind] += property + " = 1; "
				listed[kind+"."+property] = true
			}
		}
	}
	// The first function there is for groups.
	groups, users, _ := strings.Cut(read(t, "../lib/accounts/content.go"), "func userOf(")
	for kind, source := range map[string]string{"groups": groups, "users": users} {
		for _, match := range regexp.MustCompile(`\bv\["(\w+)"\]`).FindAllStringSubmatch(source, -1) {
			there[kind+"."+match[1]] = true
		}
	}
	sameNames(t, "properties of accounts", listed, there)
	d := newDeployment(t)
	r := d.program("nix-instantiate", "--eval", "--strict", "-E", `let pkgs = import <nixpkgs> { }; in
		(import `+frameworkOf(t, "create-credentials")+` { inherit (pkgs) stdenv lib; forceDisableUserChange = false; } {
			groups.g = { `+set["groups"]+` uid = 2; };
			users.u = { `+set["users"]+` homedir = "/x"; gid = 2; };
		}).nixprocAccounts`)
	for _, want := range []string{"group 'g': uid: there is no", "user 'u': gid, homedir: there is no"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("no warning says %q:\n%s%s", want, r.stdout, r.stderr)
		}
	}
}

// The document lists all that hostpkgs have.
func TestListOfHostPackages(t *testing.T) {
	t.Parallel()
	var names []string
	if err := json.Unmarshal([]byte(newStore(t).eval(t, "builtins.attrNames pkgs")), &names); err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(read(t, functionsDocument), "\n| kind | attributes |\n")
	section, _, _ = strings.Cut(section, "\n\n")
	sameNames(t, "hostpkgs", quotedIn(section), setOf(names))
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
			text := read(t, path)
			switch extension := filepath.Ext(path); {
			case extension == ".txt":
				for _, name := range told.FindAllString(text, -1) {
					there[name] = true
				}
			case strings.HasPrefix(text, "//go:build torture\n"): // in no program that people get
			case extension == ".go" || extension == ".nix":
				for _, match := range asked.FindAllStringSubmatch(text, -1) {
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
	sameNames(t, "variables", wordsOf(tableOf(t, "## Environment variables")), there)
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
		for path := range quotedIn(cells[0]) {
			if strings.Contains(guide, strings.ReplaceAll(path, "NAME", "greeter")+"\n") {
				found++
			} else if !strings.Contains(path, "nnNAME") && path != "etc/dysnomia/process/NAME" {
				t.Errorf("%s: the guide shows no file %s", manager, path)
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
		a = sleeper "a" { } // { port = 1; readiness.command = [ "/bin/true" ]; };
		b = sleeper "b" { dependencies = [ a.pkg ]; };
	}`)
	printed := map[string]string{
		"nixproc switch --json":      d.mustSwitchTo("--json", model).stdout,
		"nixproc status --json":      d.nixproc("status", "--runlevel=3", "--json").stdout,
		"nixproc generations --json": d.nixproc("generations", "--json").stdout,
		"nixproc.json":               read(t, d.path("profiles", "processes", "nixproc.json")),
	}
	// TestManagerIsKilled sees that one.
	printed["nixproc status --json"] = strings.Replace(printed["nixproc status --json"], "{", `{"lost": "", `, 1)
	for command, text := range printed {
		asListed(t, "### `"+command+"`", text)
	}
	if r := d.switchTo("--undeploy"); r.code != 0 {
		t.Error(r.stderr)
	}
}

// asListed says whether JSON has the fields that the document lists below a
// heading.
func asListed(t *testing.T, heading, text string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v in %s", heading, err, text)
	}
	there := map[string]bool{}
	fieldsOf(value, there)
	table := tableOf(t, heading)
	sameNames(t, heading, wordsOf(table), there)
	for field, cells := range table {
		if !slices.Contains([]string{"yes", "no"}, cells[len(cells)-1]) {
			t.Errorf("%s: is %s stable?", heading, field)
		}
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

// The document lists the steps of images, each of which can be put among others.
func TestListOfSteps(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../nixproc/create-image-from-steps/steps/*.nix")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, file := range files {
		there[filepath.Base(file)] = true
		arguments := newStore(t).eval(t, "builtins.attrNames (builtins.functionArgs (import "+absolute(t, file)+"))")
		if arguments != `["common","input","pkgs","result"]` {
			t.Errorf("%s takes %s", file, arguments)
		}
	}
	sameNames(t, "steps", wordsOf(tableOf(t, "### Steps")), there)
}
