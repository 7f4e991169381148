package tests

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Overrides for systemd see the generated arguments as they always were, quoted
// for systemd; functions and sets can delete, replace and append.
func TestSystemdOverridesSeeTheGeneratedArguments(t *testing.T) {
	t.Parallel()
	out := evalWith(t, false, `let
		seen = args: ((create "systemd") (args // {
			name = "x";
			overrides.systemd = given: given // { Unit.Seen = builtins.toJSON (given // { path = [ ]; dependencies = [ ]; }); };
		})).nixproc.parameters.sections.Unit.Seen;
		sections = overrides: ((create "systemd") { name = "x"; process = "/bin/x"; args = [ "a" ]; nice = 5; overrides.systemd = overrides; }).nixproc.parameters.sections;
	in {
		fore = seen { process = "/bin/x"; args = [ "a b" 5 "%" "$HOME" ]; foregroundProcessExtraArgs = [ "-F" ]; pidFile = "/x.pid";
			initialize = "echo"; user = "u"; directory = "/a b"; umask = "022"; nice = 5; description = "100%"; };
		back = seen { daemon = "/bin/my x"; pidFile = "/x.pid"; initialize = "echo \"$x\""; };
		set = sections { Service = { Nice = 7; Restart = "always"; }; Install.WantedBy = "x"; };
		delete = sections (given: given // { Service = removeAttrs given.Service [ "Nice" ]; });
		append = sections (given: given // { Service = given.Service // { ExecStart = given.Service.ExecStart + " -D"; Many = [ [ "a" 1 ] [ true ] ]; One = [ "a" 1 false ]; }; });
		package = { inherit ((create "systemd") { name = "x"; process = "/bin/x"; }) name; };
	}`)
	var got map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	shell := shellOf(t)
	for name, want := range map[string]string{
		"fore":    `["{\"Service\":{\"ExecStart\":\"/bin/x \\\"a b\\\" 5 \\\"%%\\\" \\\"$$HOME\\\" -F\",\"ExecStartPre\":\"+SHELL echo\",\"Nice\":5,\"Type\":\"simple\",\"UMask\":\"022\",\"User\":\"u\",\"WorkingDirectory\":\"/a b\"},\"Unit\":{\"Description\":\"100%%\"},\"credentials\":{},\"dependencies\":[],\"environment\":{},\"name\":\"x\",\"path\":[],\"postInstall\":\"\"}"]`,
		"back":    `["{\"Service\":{\"ExecStart\":\"\\\"/bin/my x\\\"\",\"ExecStartPre\":\"SHELL \\\"echo \\\\\\\"$$x\\\\\\\"\\\"\",\"PIDFile\":\"/x.pid\",\"Type\":\"forking\"},\"Unit\":{\"Description\":\"x\"},\"credentials\":{},\"dependencies\":[],\"environment\":{},\"name\":\"x\",\"path\":[],\"postInstall\":\"\"}"]`,
		"set":     `{"Install":{"WantedBy":["x"]},"Service":{"ExecStart":["/bin/x a"],"Nice":["7"],"Restart":["always"],"Type":["simple"]},"Unit":{"Description":["x"]}}`,
		"delete":  `{"Service":{"ExecStart":["/bin/x a"],"Type":["simple"]},"Unit":{"Description":["x"]}}`,
		"append":  `{"Service":{"ExecStart":["/bin/x a -D"],"Many":["a 1","yes"],"Nice":["5"],"One":["a 1 no"],"Type":["simple"]},"Unit":{"Description":["x"]}}`,
		"package": `{"name":"nix-process-x"}`,
	} {
		text := string(got[name])
		if name == "fore" || name == "back" {
			text, want = seenIn(t, got[name]), seenIn(t, json.RawMessage(want))
		}
		text = strings.ReplaceAll(text, shell+" -e -c", "SHELL")
		if text != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, text, want)
		}
	}
}

// seenIn is the one text in a list.
func seenIn(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var lines []string
	if err := json.Unmarshal(raw, &lines); err != nil || len(lines) != 1 {
		t.Fatalf("%s: %v", raw, err)
	}
	return lines[0]
}

func shellOf(t *testing.T) string {
	t.Helper()
	return strings.Trim(evalWith(t, false, `"${pkgs.stdenv.shell}"`), `"`)
}

// The older places of the files, and a profile built with nix-build.
func TestSystemdNixFiles(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"create-systemd-service", "generate-systemd-service", "build-systemd-env"} {
		out := evalWith(t, false, fmt.Sprintf(`builtins.functionArgs (import %s) == builtins.functionArgs (import %s)`,
			frameworkOf(t, "create-managed-process/systemd/"+file+".nix"), frameworkOf(t, "backends/systemd/"+file+".nix")))
		if out != "true" {
			t.Errorf("%s: %s", file, out)
		}
	}
	empty := evalWith(t, true, fmt.Sprintf(`import %s { inherit pkgs; }`, frameworkOf(t, "backends/systemd/build-systemd-env.nix")))
	if manifest := read(t, empty, "nixproc.json"); !strings.Contains(manifest, `"manager": "systemd"`) {
		t.Errorf("the manifest of an empty profile is %s", manifest)
	}
	package_ := evalWith(t, true, `(create "systemd") { name = "x"; process = "/bin/x"; credentials.groups.g = { }; }`)
	if unit := read(t, package_, "etc/systemd/system/nix-process-x.service"); !strings.Contains(unit, "ExecStart=/bin/x\n") {
		t.Errorf("the unit is %s", unit)
	}
	read(t, package_, "dysnomia-support/groups/g")
}
