package tests

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// oldInitFunctions names the file lfs/lib/services/init-functions of Linux From
// Scratch's boot scripts, version 20190524, which the original downloads.
// hostpkgs gives the original our own in their place, which have not its faults.
const oldInitFunctions = "NIXPROC_OLD_INIT_FUNCTIONS"

// realInitFunctions has what the original builds from now on use its own init
// functions.
func (s *side) realInitFunctions() {
	s.t.Helper()
	file := os.Getenv(oldInitFunctions)
	if file == "" {
		s.t.Skipf("%s does not name the init functions of Linux From Scratch, which the original downloads", oldInitFunctions)
	}
	if !s.original {
		return
	}
	s.packages(fmt.Sprintf(`fetchurl = _: pkgs.stdenv.mkDerivation {
		name = "boot-scripts.tar";
		buildCommand = ''
			mkdir -p lfs-bootscripts-20190524/lfs/lib/services
			cp ${/. + %s} lfs-bootscripts-20190524/lfs/lib/services/init-functions
			tar -cf $out lfs-bootscripts-20190524
		'';
	};`, nixString(file)))
}

// named is a model of processes that are one program, of a name of its own, so
// that nobody who looks for it by name finds another one.
const named = `let
	program = pkgs.stdenv.mkDerivation { name = "named"; buildCommand = "mkdir -p $out/bin; cp $(readlink -f ${pkgs.coreutils}/bin/sleep) $out/bin/PROGRAM"; };
	one = name: sleeper name { foregroundProcess = "${program}/bin/PROGRAM"; };
in { NAMES }`

var shownByInitScripts = []shown{
	{
		fault: "D24", original: "the other instance ends", ours: "the other instance runs",
		try: func(s *side) string {
			s.realInitFunctions()
			program := fmt.Sprintf("npd24%d", os.Getpid())
			model := func(names string) string {
				return s.model("model.nix", strings.NewReplacer("PROGRAM", program, "NAMES", names).Replace(named))
			}
			s.mustSwitchTo(model(`a = one "a"; b = one "b";`))
			var all []int
			for _, name := range []string{"a", "b"} {
				all = append(all, s.running(name), theProbe(s.t, s.running(name)))
			}
			defer func() {
				for _, pid := range all {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}()
			if err := os.Remove(s.path("state/run/a.pid")); err != nil {
				s.t.Fatal(err)
			}
			s.switchTo(model(`b = one "b";`))
			if alive(all[3]) {
				return "the other instance runs"
			}
			return "the other instance ends"
		},
	},
	{
		fault: "D38", original: "nice: +0", ours: "nice: +7",
		try: func(s *side) string {
			s.mustSwitchTo(s.model("model.nix", `{ a = sleeper "a" { nice = "7"; }; }`))
			return fmt.Sprintf("nice: +%d", niceOf(s.t, theProbe(s.t, s.running("a")))-niceOf(s.t, os.Getpid()))
		},
	},
}
