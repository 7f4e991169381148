package tests

import (
	"os"
	"path/filepath"
	"slices"
)

// s6rc gives the side an s6-svscan that runs.
func (s *side) s6rc() *s6rcPlace {
	s.t.Helper()
	p := s6rcFor(s.deployment, "state")
	p.run()
	return p
}

func (s *side) s6rcSwitch(args ...string) outcome {
	s.t.Helper()
	return s.run("s6-rc-switch", slices.Concat(s.usual(), args)...)
}

var shownByS6rc = []shown{
	{
		fault: "D11", part: "s6-rc without a pid file", original: "fails, null", ours: "succeeds, ",
		try: func(s *side) string {
			s.s6rc()
			r := s.s6rcSwitch(s.model("model.nix", `{ a = daemon "a" "sleep 1000 & echo $! >\"$PID_FILE\"" [ ]; }`))
			return exits(r) + said(r, `cannot coerce (null) to a string`)
		},
	},
	{
		fault: "D11", part: "s6-rc", original: "runs on when the switch has ended", ours: "has ended",
		try: func(s *side) string {
			s.s6rc()
			s.must(s.s6rcSwitch(s.model("model.nix", `{ a.pkg = create {
				name = "a"; pidFile = "${runtimeDir}/a.pid";
				daemon = script "a" "( trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done ) & echo $! >'${runtimeDir}/a.pid'";
			}; }`)))
			pid := s.running("a")
			s.must(s.s6rcSwitch("--undeploy"))
			if alive(pid) {
				gone(s.t, pid)
				return "runs on when the switch has ended"
			}
			return "has ended"
		},
	},
	{
		fault: "D13", part: "half a database", original: "fails, ", ours: "succeeds, ",
		try: func(s *side) string {
			s.s6rc()
			s.script("s6-rc-compile", `while [ $# -gt 2 ]; do shift; done; mkdir -p "$1"; exit 1`)
			model := s.model("model.nix", `{ a = sleeper "a" { }; }`)
			if r := s.s6rcSwitch(model); r.code == 0 {
				s.t.Fatal("a compilation that failed did not matter")
			}
			if err := os.Remove(s.path("bin/s6-rc-compile")); err != nil {
				s.t.Fatal(err)
			}
			return exits(s.s6rcSwitch(model))
		},
	},
	{
		fault: "D13", part: "old database", original: "fails, compiled leads nowhere", ours: "fails, compiled leads to what is live",
		try: func(s *side) string {
			p := s.s6rc()
			s.must(s.s6rcSwitch(s.model("model.nix", `{ a = sleeper "a" { }; }`)))
			r := s.s6rcSwitch(s.model("bad.nix", `{ a = sleeper "a" { }; bad = `+oneshot("exit 1", "")+`; }`))
			return exits(r) + s.compiled(p)
		},
	},
	{
		// What depends on something new is started anew by s6-rc-update, which
		// ends with 1 here: what is live is the new database.
		fault: "D13", part: "exit code", original: "fails, compiled leads elsewhere", ours: "fails, compiled leads to what is live",
		try: func(s *side) string {
			p := s.s6rc()
			s.must(s.s6rcSwitch(s.model("model.nix", `{ bad = `+oneshot(`sleep 1000 & echo $! >\"$PID_FILE\"`, "")+`; }`)))
			r := s.s6rcSwitch(s.model("bad.nix", `rec { new = sleeper "new" { }; bad = `+oneshot("exit 1", "new.pkg")+`; }`))
			return exits(r) + s.compiled(p)
		},
	},
	{
		fault: "D33", original: "the account stays", ours: "the account goes",
		try: func(s *side) string {
			m := s.machine()
			s.s6rc()
			s.must(s.run("s6-rc-switch", "--state-dir", s.path("state"), s.model("model.nix",
				`{ a = sleeper "a" { credentials = { groups.npuser = { }; users.npuser.group = "npuser"; }; overrides.s6-rc.autoGenerateLogService = false; }; }`)))
			if m.account("passwd", "npuser") == "" {
				s.t.Fatal("the account was not made")
			}
			s.must(s.run("s6-rc-switch", "--state-dir", s.path("state"), "--undeploy"))
			if m.account("passwd", "npuser") != "" {
				return "the account stays"
			}
			return "the account goes"
		},
	},
}

// oneshot is a process of a model that makes itself a daemon.
func oneshot(start, dependency string) string {
	return `{ pkg = create {
		name = "bad"; daemon = script "bad" "` + start + `"; dependencies = [ ` + dependency + ` ];
		pidFile = "${runtimeDir}/bad.pid"; environment.PID_FILE = "${runtimeDir}/bad.pid";
	}; }`
}

// compiled tells where the link to the compiled database leads.
func (s *side) compiled(p *s6rcPlace) string {
	s.t.Helper()
	target, err := filepath.EvalSymlinks(s.path("state/etc/s6/rc/compiled"))
	switch {
	case err != nil:
		return "compiled leads nowhere"
	case target != p.database():
		return "compiled leads elsewhere"
	}
	return "compiled leads to what is live"
}
