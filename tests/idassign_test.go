package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The recorded calls of the original tools give the same bytes, and where they
// are wrong, what is right instead; see lib/ids/testdata/README.md.
func TestIDAssignSamples(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	for name, text := range map[string]string{
		"nixproc-id-assign":  "#!/bin/sh\nexec '" + d.binary + "' id-assign \"$@\"\n",
		"dydisnix-id-assign": "#!/bin/sh\ntest \"$1\" = -s || exit 99\nshift\nexec nixproc-id-assign \"$@\"\n",
	} {
		if err := os.Chmod(d.write("bin/"+name, text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.env = append(d.env, "PATH="+d.path("bin")+":"+os.Getenv("PATH"))
	copyTree(t, "../lib/ids/testdata", d.path("samples"))
	samples, err := filepath.Glob(d.path("samples/*/cmd"))
	if err != nil || len(samples) < 40 {
		t.Fatalf("only %d samples: %v", len(samples), err)
	}
	for _, file := range samples {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			before := listingOf(t, dir)
			r := d.program("sh", "-c", `cd "$1" && . ./cmd`, "sh", dir)
			want, err := os.ReadFile(filepath.Join(dir, "expected.nix"))
			if err != nil {
				want = []byte(read(t, dir, "expected.xml"))
			}
			code, err := strconv.Atoi(strings.TrimSpace(read(t, dir, "exitcode")))
			if err != nil {
				t.Fatal(err)
			}
			if r.stdout != string(want) || r.code != code {
				t.Errorf("exit code %d, want %d; it prints\n%s\nwant\n%s\nstderr:\n%s", r.code, code, r.stdout, want, r.stderr)
			}
			if code != 0 && !strings.HasPrefix(r.stderr, "nixproc: ") {
				t.Errorf("no message:\n%s", r.stderr)
			}
			for _, difference := range before.differences(listingOf(t, dir)) {
				t.Error(difference)
			}
		})
	}
}

// The numbers that the examples come with are those that are assigned to them,
// by one evaluation and without any package.
func TestIDsOfExamples(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	calls := d.countCalls()
	for _, c := range [][4]string{
		{"webapps-agnostic", "ids.nix", "processes.nix"},
		{"webapps-agnostic", "ids-advanced.nix", "processes-advanced.nix"},
		{"webapps-sysvinit", "ids.nix", "processes.nix"},
		{"webapps-sysvinit", "ids-advanced.nix", "processes-advanced.nix"},
		{"services-agnostic", "ids.nix", "processes.nix"},
		{"webapps-agnostic", "ids.nix", "processes.nix", filepath.Join(checkoutPath(t), "nixproc")},
	} {
		ids := example(t, c[0], c[1])
		d.env = append(d.env, "NIXPROC="+c[3])
		r := d.nixproc("id-assign", "--id-resources", example(t, c[0], "idresources.nix"), "--ids", ids, example(t, c[0], c[2]))
		if r.code != 0 || r.stdout != strings.TrimSuffix(read(t, ids), "\n") || r.stderr != "" {
			t.Errorf("%s: exit code %d\n%s%s", ids, r.code, r.stdout, r.stderr)
		}
		if got := calls(); len(got) != 1 || got[0] != "nix-instantiate --eval" {
			t.Errorf("it calls %q", got)
		}
	}
	d.env = append(d.env, "NIXPROC="+d.dir)
	r := d.nixproc("id-assign", "--id-resources", example(t, "webapps-agnostic", "idresources.nix"), example(t, "webapps-agnostic", "processes.nix"))
	if r.code != 0 || !strings.Contains(r.stderr, "NIXPROC: there is no "+d.path("requirements.nix")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// Names are quoted so that Nix reads them as they are.
func TestIDsOfAwkwardNames(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	names := []string{`a "b" c`, "${x}", "$${y}", `back\slash`, "two\nlines", "tab\tcr\r.", "é", "$", "a.b", "if"}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = strings.ReplaceAll(strings.ReplaceAll(nixString(name), "\r", `\r`), "\n", `\n`)
	}
	d.write("processes.nix", "builtins.listToAttrs (map (name: { inherit name; value.requiresUniqueIdsFor = [ name ]; }) ["+strings.Join(list, " ")+"])")
	d.write("idresources.nix", "builtins.listToAttrs (map (name: { inherit name; value = { min = 7; max = 8; }; }) ["+strings.Join(list, " ")+"])")
	if r := d.nixproc("id-assign", "--id-resources=idresources.nix", "--output-file=ids.nix", "processes.nix"); r.code != 0 || r.stdout != "" {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	out, err := d.store.nix(nil, "nix-instantiate", "--eval", "--strict", "--json", d.path("ids.nix"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ IDs map[string]map[string]int }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if got.IDs[name][name] != 7 {
			t.Errorf("%q has %v", name, got.IDs[name])
		}
	}
}

// The output file is replaced as a whole: a link to it stays one, and so does
// its mode; after a failure it is as it was. What is no file is written to.
func TestIDAssignOutputFile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.write("processes.nix", `{ ... }: { a.requiresUniqueIdsFor = [ "ports" ]; }`)
	d.write("idresources.nix", "{ ports = { min = 10; max = 12; }; }")
	ids := d.write("kept/ids.nix", "old")
	if err := os.Chmod(ids, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("kept/ids.nix", d.path("ids.nix")); err != nil {
		t.Fatal(err)
	}
	assign := func(args ...string) outcome {
		t.Helper()
		return d.nixproc(append([]string{"id-assign", "--id-resources=idresources.nix", model}, args...)...)
	}
	before := listingOf(t, d.dir)
	if r := assign("--ids=none.nix", "--output-file=ids.nix"); r.code != codeModel || !strings.Contains(r.stderr, "--ids: none.nix does not exist") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if r := assign("--ids=ids.nix", "--output-file=ids.nix"); r.code != codeModel || !strings.Contains(r.stderr, "--ids: undefined variable 'old'") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if r := assign("--output-file=kept"); r.code != codeFailed {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	for _, difference := range before.differences(listingOf(t, d.dir)) {
		t.Error(difference)
	}

	printed := assign().stdout
	if r := assign("--output-file=ids.nix"); r.code != 0 || r.stdout != "" || read(t, ids) != printed {
		t.Errorf("exit code %d\n%s%s", r.code, r.stderr, read(t, ids))
	}
	info, err := os.Lstat(ids)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("the mode is %v (%v)", info.Mode(), err)
	}
	if target, err := os.Readlink(d.path("ids.nix")); err != nil || target != "kept/ids.nix" {
		t.Errorf("the link leads to %q (%v)", target, err)
	}
	// The first time, the file that is both is not there yet.
	if r := assign("--ids=new.nix", "--output-file=./new.nix"); r.code != 0 || read(t, d.path("new.nix")) != printed || !strings.Contains(r.stderr, "all IDs are new") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if r := assign("--output-file=/dev/stdout"); r.code != 0 || r.stdout != printed {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// D40: NIXPROC_CACHE_DIR is the cache directory, and NIXPROC_TMP_DIR the other
// one; the model gets what else the commands give it.
func TestModelThatIDsAreAssignedTo(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.write("idresources.nix", "{ right = { min = 1; max = 99; }; }")
	d.write("processes.nix", `{ cacheDir, tmpDir ? "/tmp", lockDir ? null, stateDir, runtimeDir, forceDisableUserChange, processManager
, callingUser, pkgs, system ? "none", more, distribution, ... }:
let right = name: is: { ${name}.requiresUniqueIdsFor = if is then [ "right" ] else throw "${name} is wrong"; }; in
right "cacheDir" (cacheDir == "/the/cache") // right "tmpDir" (tmpDir == "/tmp") // right "lockDir" (lockDir == null)
// right "state" (stateDir == "/srv/x" && runtimeDir == "/srv/x/run") // right "users" forceDisableUserChange
// right "processManager" (processManager == "disnix") // right "system" (system == builtins.currentSystem)
// right "pkgs" (pkgs ? stdenv) // right "more" (more == 5) // right "calling" (callingUser != "")
// { unset.requiresUniqueIdsFor = null; odd = { requiresUniqueIdsFor = [ 1 (x: x) { } ]; pkg = throw "forced"; }; }`)
	d.env = append(d.env, "NIXPROC_CACHE_DIR=/the/cache", "NIXPROC_FORCE_DISABLE_USER_CHANGE=1", "NIXPROC_PROCESSES=processes.nix")
	r := d.nixproc("id-assign", "--id-resources=idresources.nix", "--extra-params={ more = 5; }", "--state-dir=/srv/x", "--output-xml")
	if r.code != 0 || strings.Count(r.stdout, "<assignment") != 11 || r.stderr != "" {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// What is wrong is named by process or option and place; nothing is written.
func TestIDAssignBadInput(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.temporary()
	d.write("good.nix", "{ ports = { min = 1; max = 9; }; }")
	d.write("processes.nix", `{ ... }: { a.requiresUniqueIdsFor = [ "ports" ]; }`)
	for name, c := range map[string]struct {
		model, resources, ids string
		want                  []string
	}{
		"process is a number":   {model: `{ ... }: { a = 4; }`, want: []string{"process 'a' is a number, where a set is due"}},
		"property is text":      {model: `{ ... }: { a.requiresUniqueIdsFor = "ports"; }`, want: []string{"process 'a': attribute 'requiresUniqueIdsFor' is a string, where a list is due"}},
		"throw in the property": {model: `{ ... }: { a.requiresUniqueIdsFor = [ (throw "no luck") ]; }`, want: []string{"process 'a': no luck", "in DIR/model.nix"}},
		"model is text":         {model: `"x"`, want: []string{"DIR/model.nix gives a string, where a set of processes is due"}},
		"missing argument":      {model: `{ needed }: { }`, want: []string{"that nobody gives: needed"}},
		"syntax":                {resources: "{", want: []string{"--id-resources: syntax error", "at DIR/resources.nix:1:"}},
		"resources are a list":  {resources: "[ ]", want: []string{"--id-resources: DIR/resources.nix is a list, where a set is due"}},
		"resource is a number":  {resources: "{ ports = 5; }", want: []string{"--id-resources: ports is a number, where a set is due"}},
		"min is a word":         {resources: `{ ports.min = "x"; }`, want: []string{`--id-resources: ports.min is "x", where a whole number is due`}},
		"throw in resources":    {resources: `{ ports.min = throw "no luck"; }`, want: []string{"--id-resources: no luck", "at DIR/resources.nix:1:"}},
		"IDs are a function":    {ids: "x: x", want: []string{"--ids: DIR/ids.nix is a function, where a set is due"}},
		"an ID is text":         {ids: `{ ids.ports.a = "x"; }`, want: []string{`--ids: ids.ports.a is "x", where a whole number is due`}},
		"IDs of a resource":     {ids: `{ ids.ports = 3; }`, want: []string{"--ids: ids.ports is a number, where a set is due"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"id-assign", "--output-file=out.nix"}
			file := func(option, name, text, other string) {
				if text != "" {
					other = d.write(name, text)
				}
				if other != "" {
					args = append(args, option+other)
				}
			}
			file("", "model.nix", c.model, d.path("processes.nix"))
			file("--id-resources=", "resources.nix", c.resources, d.path("good.nix"))
			file("--ids=", "ids.nix", c.ids, "")
			for i := range c.want {
				c.want[i] = strings.ReplaceAll(c.want[i], "DIR", d.dir)
			}
			d.complains(t, func() outcome { return d.nixproc(args...) }, codeModel, c.want...)
			if present(d.path("out.nix")) {
				t.Error("the output file was made")
			}
		})
	}
	for want, args := range map[string][]string{
		"name the file with --id-resources":    {"processes.nix"},
		"no processes model was given":         {"--id-resources=good.nix"},
		"one PATH is enough":                   {"--id-resources=good.nix", "processes.nix", "good.nix"},
		"option --output-file needs a value":   {"--id-resources=good.nix", "--output-file=", "processes.nix"},
		"option --output-xml takes no value":   {"--id-resources=good.nix", "--output-xml=x", "processes.nix"},
		"unknown option --undeploy":            {"--id-resources=good.nix", "--undeploy"},
		"option --service-property needs a va": {"--id-resources=good.nix", "--service-property=", "processes.nix"},
	} {
		d.complains(t, func() outcome { return d.nixproc(append([]string{"id-assign"}, args...)...) }, codeUsage, want)
	}
}
