package tests

import (
	"os"
	"strings"
)

// failing is a model whose last script fails when it is started, and does not
// care about init functions.
const failing = `rec {
	new = sleeper "new" { };
	last.pkg = create {
		name = "last"; process = "/bin/last"; dependencies = [ new.pkg ];
		overrides.sysvinit = { runlevels = [ 3 ]; activities.start = "exit 1"; };
	};
}`

var shownByFailures = []shown{
	{
		fault: "D15", original: "fails, runs: new", ours: "fails, runs: old",
		try: func(s *side) string {
			s.sleeping("old")
			return exits(s.switchTo(s.model("failing.nix", failing))) + s.runs()
		},
	},
	{
		fault: "D21", part: "sysvinit", original: "succeeds, then succeeds, generation processes-1-link", ours: "fails, then fails, generation ",
		try: func(s *side) string {
			s.realInitFunctions()
			model := s.model("model.nix", `{ a = daemon "a" "exit 7" [ ]; }`)
			return exits(s.switchTo(model)) + "then " + exits(s.switchTo(model)) + "generation " + s.observe().fact("profile processes ->")
		},
	},
	{
		fault: "D22", original: "succeeds, runs: b", ours: "succeeds, runs: a b",
		try: func(s *side) string {
			s.sleeping("a b")
			s.kill("a")
			return exits(s.switchTo(s.path("model.nix"))) + s.runs()
		},
	},
	{
		fault: "D31", original: "succeeds without a word of it, runs: ", ours: "succeeds and names it, runs: ",
		try: func(s *side) string {
			r := s.switchTo(s.model("model.nix", `{ npidle = sleeper "npidle" { overrides.sysvinit = { }; }; }`))
			return s.warns(r, "npidle") + s.runs()
		},
	},
	{
		// The original lists the links to start; where there are none, it lists
		// the working directory, and starts what is there.
		fault: "D43", original: "starts a file of the working directory without a word of it, runs: ", ours: "succeeds and names it, runs: ",
		try: func(s *side) string {
			model := s.model("model.nix", `{ npidle = sleeper "npidle" { }; }`)
			stranger := s.write("a-script", "#!/bin/sh\necho \"$1\" >\"$0.told\"\n")
			if err := os.Chmod(stranger, 0o755); err != nil {
				s.t.Fatal(err)
			}
			r := s.run("sysvinit-switch", append(s.usual(), "--runlevel", "2", model)...)
			if present(stranger + ".told") {
				return "starts a file of the working directory without a word of it, " + s.runs()
			}
			return s.warns(r, "npidle") + s.runs()
		},
	},
}

// warns tells whether a command that succeeds names a process, other than among
// what Nix builds.
func (s *side) warns(r outcome, name string) string {
	s.t.Helper()
	s.must(r)
	for line := range strings.Lines(r.stdout + r.stderr) {
		if strings.Contains(line, name) && !strings.Contains(line, "/store/") {
			return "succeeds and names it, "
		}
	}
	return "succeeds without a word of it, "
}
