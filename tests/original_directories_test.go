package tests

import (
	"path/filepath"
	"strings"
)

var shownByDirectories = []shown{
	{
		fault: "D2", original: "the mode of the directory is 1777", ours: "the mode of the directory is 755",
		try: func(s *side) string {
			s.sleeping("a") // with --force-disable-user-change
			return "the mode of the directory is " + s.mode("state/tmp")
		},
	},
	{
		fault: "D3", original: "spool: none, lock: none, lib: none", ours: "spool: /x/spool, lock: /x/lock, lib: /x/lib",
		try: func(s *side) string {
			r := s.switchTo("--spool-dir", "/x/spool", "--lock-dir", "/x/lock", "--lib-dir", "/x/lib", s.telling("spool", "lock", "lib"))
			return said(r, tells)
		},
	},
	{
		fault: "D8", part: "runtime directory", original: "state: /x/runtime, runtime: none", ours: "state: /x/state, runtime: /x/runtime",
		try: func(s *side) string {
			s.env = append(s.env, "NIXPROC_STATE_DIR=/x/state", "NIXPROC_RUNTIME_DIR=/x/runtime")
			return said(s.run("build", "-P", "sysvinit", "--no-out-link", s.telling("state", "runtime")), tells)
		},
	},
	{
		fault: "D8", part: "other directories", original: "cache: none, spool: none, lock: none, lib: /x/lib", ours: "cache: /x/cache, spool: /x/spool, lock: /x/lock, lib: /x/lib",
		try: func(s *side) string {
			for _, name := range []string{"cache", "spool", "lock", "lib"} {
				s.env = append(s.env, "NIXPROC_"+strings.ToUpper(name)+"_DIR=/x/"+name)
			}
			return said(s.run("build", "-P", "sysvinit", "--no-out-link", s.telling("cache", "spool", "lock", "lib")), tells)
		},
	},
	{
		fault: "D8", part: "option", original: "log: /x/variable", ours: "log: /x/option",
		try: func(s *side) string {
			s.env = append(s.env, "NIXPROC_LOG_DIR=/x/variable")
			return said(s.run("build", "-P", "sysvinit", "--no-out-link", "--log-dir", "/x/option", s.telling("log")), tells)
		},
	},
	{
		fault: "D37", part: "init-state", original: "the mode of the directory is 1777", ours: "the mode of the directory is 755",
		try: func(s *side) string {
			s.env = append(s.env, "NIXPROC_FORCE_DISABLE_USER_CHANGE=1")
			s.must(s.run("init-state", "--state-dir", s.path("state")))
			return "the mode of the directory is " + s.mode("state/tmp")
		},
	},
	{
		fault: "D37", part: "switch", original: "the mode of the directory is 1777", ours: "the mode of the directory is 755",
		try: func(s *side) string {
			s.env = append(s.env, "NIXPROC_FORCE_DISABLE_USER_CHANGE=1")
			s.must(s.run("sysvinit-switch", "--state-dir", s.path("state"), "--runlevel", "3", s.model("model.nix", `{ a = sleeper "a" { }; }`)))
			return "the mode of the directory is " + s.mode("state/tmp")
		},
	},
	{
		fault: "D40", original: "cache: none, tmp: /x/cache", ours: "cache: /x/cache, tmp: /x/tmp",
		try: func(s *side) string {
			s.env = append(s.env, "NIXPROC_CACHE_DIR=/x/cache", "NIXPROC_TMP_DIR=/x/tmp")
			if !s.original {
				resources := s.write("resources.nix", `{ ports = { min = 1; max = 9; }; }`)
				return said(s.run("id-assign", "--id-resources", resources, s.telling("cache", "tmp")), tells)
			}
			// The program behind its command is not installed here, but this is what it evaluates.
			s.env = append(s.env, "PROCESSES_EXPR="+s.telling("cache", "tmp"))
			return said(s.withNix("nix-instantiate", "--eval", "--strict", "-E", "import (/. + "+
				nixString(filepath.Join(s.tree(), "nixproc/backends/disnix/services-adapter.nix"))+`) { distribution = { }; invDistribution = { }; pkgs = import <nixpkgs> { }; system = ""; }`), tells)
		},
	},
}

// telling writes a model that does nothing but tell which directories it gets.
func (s *side) telling(names ...string) string {
	s.t.Helper()
	var arguments, words []string
	for _, name := range names {
		arguments = append(arguments, name+`Dir ? "none"`)
		words = append(words, name+": ${"+name+"Dir}")
	}
	return s.write("telling.nix", "{ "+strings.Join(arguments, ", ")+`, ... }: throw "<<`+strings.Join(words, ", ")+`>>"`)
}

// tells finds what telling tells.
const tells = `<<([^>$]*)>>`
