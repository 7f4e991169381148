package tests

import (
	"strings"
)

var shownOnCommandLines = []shown{
	{
		fault: "D1", original: "succeeds, runs: a b", ours: "succeeds, runs: a",
		try: func(s *side) string {
			s.sleeping("a")
			s.sleeping("a b")
			// There is a model to fall back to.
			s.env = append(s.env, "NIXPROC_PROCESSES="+s.model("other.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`))
			r := s.switchTo("--switch-generation=1")
			return exits(r) + s.runs()
		},
	},
	{
		fault: "D4", original: "fails, runs: ", ours: "succeeds, runs: a",
		try: func(s *side) string {
			place := *s.deployment
			place.dir = s.path("a place")
			defer place.killAll()
			r := s.run("sysvinit-switch", "--state-dir", place.path("state"), "--force-disable-user-change", "--runlevel", "3",
				s.model("model.nix", `{ a = sleeper "a" { }; }`))
			return exits(r) + seen(place.observe())
		},
	},
	{
		fault: "D28", original: "succeeds, runs: ", ours: "succeeds, runs: a",
		try: func(s *side) string {
			r := s.switchTo("-p", "--undeploy", s.model("model.nix", `{ a = sleeper "a" { }; }`))
			return exits(r) + s.runs()
		},
	},
	{
		fault: "D34", original: "fails, ", ours: "succeeds, ",
		try: func(s *side) string {
			return exits(s.run("generate-config", "-P", "systemd", "--no-out-link", "--state-dir", s.path("state"), s.agnostic()))
		},
	},
	{
		fault: "D36", original: "succeeds, by itself", ours: "succeeds, as it was told",
		try: func(s *side) string {
			own := s.write("own.nix", `{ pkgs, ... }: properties: pkgs.writeTextFile { name = "npd36own"; text = properties.name; }`)
			r := s.run("generate-config", "-P", "systemd", "--no-out-link", "--create-managed-process-expr", own, s.agnostic())
			if strings.Contains(r.stdout, "npd36own") {
				return exits(r) + "as it was told"
			}
			return exits(r) + "by itself"
		},
	},
}

// agnostic gives the path of an agnostic configuration.
func (s *side) agnostic() string {
	return s.write("agnostic.json", `{"name": "a", "foregroundProcess": "/bin/a"}`)
}
