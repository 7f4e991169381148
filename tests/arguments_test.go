package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every public file takes the arguments that expressions in the wild give it, and
// needs no others; so does the function that it gives, where it gives one.
// arguments.txt has a line for each file: "FILE: ARGUMENTS -> ARGUMENTS of the
// function that it gives", with a question mark behind what may be left out.
func TestArguments(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var list strings.Builder
	want := map[string][2][]string{}
	for line := range strings.Lines(read(t, "arguments.txt")) {
		file, arguments, found := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !found {
			t.Fatalf("arguments.txt has the line %q", line)
		}
		if _, err := os.Stat(filepath.Join("..", file)); err != nil {
			if file != "nixproc/backends/s6-rc/util.nix" {
				t.Error(err)
			}
			continue
		}
		first, then, gives := strings.Cut(arguments, " -> ")
		want[file] = [2][]string{strings.Fields(first), strings.Fields(then)}
		fmt.Fprintf(&list, "%s = of %t %s;\n", nixString(file), gives, nixPath(absolutePath(t, ".."), file))
	}
	if len(want) < 45 {
		t.Fatalf("only %d files were found", len(want))
	}
	out, err := s.nix([]string{"NIXPROC_BUILDER="}, "nix-instantiate", "--eval", "--strict", "--json", "-E", `let
		pkgs = import <nixpkgs> { };
		inherit (pkgs.lib) functionArgs filterAttrs;
		some = pkgs // { createCredentials = _: { }; forceDisableUserChange = false; processManager = "sysvinit"; nixprocBinary = "/x"; };
		given = f: builtins.mapAttrs (name: _: some.${name} or "x") (filterAttrs (_: optional: !optional) (functionArgs f));
		of = gives: file: let f = import file; in {
			arguments = functionArgs f;
			gives = if gives then functionArgs (f (given f)) else { };
		};
	in {`+list.String()+"}")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]struct{ Arguments, Gives map[string]bool }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	for file, arguments := range want {
		checkArguments(t, file, arguments[0], got[file].Arguments)
		checkArguments(t, "what "+file+" gives", arguments[1], got[file].Gives)
	}
}

// checkArguments compares the arguments of a function, of which Nix says whether
// they may be left out.
func checkArguments(t *testing.T, of string, want []string, got map[string]bool) {
	t.Helper()
	known := map[string]bool{}
	for _, argument := range want {
		name, optional := strings.CutSuffix(argument, "?")
		known[name] = true
		if mayBeLeftOut, taken := got[name]; !taken {
			t.Errorf("%s does not take %s", of, name)
		} else if optional && !mayBeLeftOut {
			t.Errorf("%s needs %s, which may be left out", of, name)
		}
	}
	for name, optional := range got {
		if !known[name] && !optional {
			t.Errorf("%s needs %s, which nobody gives", of, name)
		}
	}
}
