package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var shownByEvaluation = []shown{
	{
		fault: "D18", original: "succeeds, starts: c a b", ours: "fails, starts: ",
		try: func(s *side) string {
			// The number of the first is 98, and 99 is the last with two digits, so
			// that there is none for the third.
			r := s.switchTo(s.modelOfScripts(`minSequence = 98;`))
			order, _ := os.ReadFile(s.path("state/order"))
			return exits(r) + "starts: " + strings.Join(strings.Fields(string(order)), " ")
		},
	},
	{
		fault: "D19", original: "2 packages of the dependent", ours: "0 packages of the dependent",
		try: func(s *side) string {
			top := fmt.Sprintf("npd19-%t", s.original)
			s.mustSwitchTo(s.model("model.nix", fmt.Sprintf(`rec { base = sleeper "base" { }; top = sleeper %q { dependencies = [ base.pkg ]; }; }`, top)))
			s.mustSwitchTo(s.model("model.nix", fmt.Sprintf(`rec {
				below = sleeper "below" { };
				base = sleeper "base" { dependencies = [ below.pkg ]; };
				top = sleeper %q { dependencies = [ base.pkg ]; };
			}`, top)))
			packages, err := filepath.Glob(filepath.Join(s.store.dir, "store/*-"+top+"/etc"))
			if err != nil {
				s.t.Fatal(err)
			}
			return fmt.Sprintf("%d packages of the dependent", len(packages))
		},
	},
	{
		fault: "D30", part: "sysvinit", original: "text: succeeds, number: fails, ", ours: "text: succeeds, number: succeeds, ",
		try: func(s *side) string { return s.takesNice("sysvinit") },
	},
	{
		fault: "D30", part: "docker", original: "text: succeeds, number: fails, ", ours: "text: succeeds, number: succeeds, ",
		try: func(s *side) string { return s.takesNice("docker") },
	},
	{
		fault: "D30", part: "cygrunsrv", original: "text: succeeds, number: fails, ", ours: "text: succeeds, number: succeeds, ",
		try: func(s *side) string { return s.takesNice("cygrunsrv") },
	},
	{
		fault: "D42", original: "fails, a function", ours: "succeeds, ",
		try: func(s *side) string {
			r := s.withNix("nix-instantiate", "-E", s.create("null")+`create { name = "a"; process = "/bin/a"; overrides.systemd = args: args; }`)
			return exits(r) + said(r, `cannot convert (a function) to JSON`)
		},
	},
}

// takesNice tells how a process manager's process can have a nice value.
func (s *side) takesNice(manager string) string {
	s.t.Helper()
	try := func(nice string) string {
		return exits(s.withNix("nix-instantiate", "-E", s.create(nixString(manager))+
			`create { name = "a"; instanceName = "a"; process = "/bin/a"; foregroundProcess = null; nice = `+nice+`; }`))
	}
	return "text: " + try(`"5"`) + "number: " + try("5")
}

// modelOfScripts is a model of three init scripts that depend on each other and
// write down in which order they start, made by the function for them with
// further settings.
func (s *side) modelOfScripts(settings string) string {
	s.t.Helper()
	return s.write("scripts.nix", fmt.Sprintf(`{ stateDir, ... }:
let
	pkgs = import <nixpkgs> { };
	nixproc = /. + %s;
	script = import (nixproc + "/backends/sysvinit/create-sysvinit-script.nix") {
		inherit (pkgs) stdenv lib writeTextFile daemon;
		initFunctions = import (nixproc + "/backends/sysvinit/init-functions.nix") {
			inherit (pkgs) stdenv fetchurl; basePackages = [ ]; runtimeDir = "${stateDir}/run";
		};
		createCredentials = import (nixproc + "/create-credentials") { inherit (pkgs) stdenv lib; forceDisableUserChange = true; };
		runtimeDir = "${stateDir}/run"; logDir = "${stateDir}/log"; tmpDir = "${stateDir}/tmp"; forceDisableUserChange = true;
		%s
	};
	one = name: dependencies: { pkg = script { inherit name dependencies; runlevels = [ 3 ]; activities.start = "echo ${name} >>${stateDir}/order"; activities.stop = "true"; }; };
in rec { a = one "a" [ ]; b = one "b" [ a.pkg ]; c = one "c" [ b.pkg ]; }
`, nixString(filepath.Join(s.tree(), "nixproc")), settings))
}
