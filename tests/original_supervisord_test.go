package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// supervisord gives the side a supervisord of its own, which need not run.
func (s *side) supervisord() *supervisordPlace {
	s.t.Helper()
	p := supervisordFor(s.deployment)
	// The original asks whatever supervisord the working directory, or the
	// machine, has a configuration for.
	s.link(filepath.Join(p.conf, "supervisord.conf"), "supervisord.conf")
	if s.original { // it can't cope with blanks
		s.link(p.conf, "conf")
		s.env = append(s.env, "SUPERVISORD_CONF_DIR="+s.path("conf"))
	}
	return p
}

func (s *side) supervisordSwitch(args ...string) outcome {
	s.t.Helper()
	r := s.run("supervisord-switch", slices.Concat(s.usual(), args)...)
	if s.original {
		time.Sleep(2 * time.Second) // it does not wait until they run
	}
	return r
}

var shownBySupervisord = []shown{
	{
		fault: "D11", part: "supervisord", original: "runs in another directory", ours: "runs in the directory",
		try: func(s *side) string {
			p := s.supervisord()
			p.run()
			s.must(s.supervisordSwitch(s.model("model.nix", `{ a = sleeper "a" { directory = "/usr/share"; }; }`)))
			if link, err := os.Readlink("/proc/" + p.pid("a") + "/cwd"); err != nil || link != "/usr/share" {
				return "runs in another directory"
			}
			return "runs in the directory"
		},
	},
	{
		fault: "D20", part: "supervisord", original: "supervisord does not take it", ours: "gets 100%",
		try: func(s *side) string {
			p := s.supervisord()
			p.run()
			s.supervisordSwitch(s.model("model.nix", `{ a.pkg = create { name = "a"; foregroundProcess = script "a" "exec sleep 1000"; args = [ "100%" ]; environment.V = "100%"; }; }`))
			pid := p.observe()["a"]
			if pid == "" {
				return "supervisord does not take it"
			}
			return "gets " + environmentOf(s, p.pid("a"), "V")
		},
	},
	{
		fault: "D21", part: "supervisord", original: "succeeds, then succeeds, generation processes-1-link", ours: "fails, then fails, generation ",
		try: func(s *side) string {
			s.supervisord().run()
			model := s.model("model.nix", `{ a.pkg = create { name = "a"; foregroundProcess = script "a" "exit 7"; }; }`)
			return exits(s.supervisordSwitch(model)) + "then " + exits(s.supervisordSwitch(model)) + "generation " + s.observe().fact("profile processes ->")
		},
	},
	{
		fault: "D23", original: "its supervisor takes it for dead", ours: "its supervisor knows it",
		try: func(s *side) string {
			p := s.supervisord()
			p.run()
			s.write("state/run/a.pid", "999999999\n")
			s.supervisordSwitch(s.model("model.nix", `{ a = daemon "a" ''
				setsid sh -c 'sleep 0.2; echo $$ >"$1"; while :; do sleep 1; done' sh "$PID_FILE" &
			'' [ ]; }`))
			defer func() {
				for _, line := range mentions(s.t, s.path("state/run/a.pid")) {
					pid, _ := strconv.Atoi(strings.Split(line, "/")[2])
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}()
			if p.observe()["a"] == "" {
				return "its supervisor takes it for dead"
			}
			return "its supervisor knows it"
		},
	},
	{
		fault: "D25", part: "files", original: "fails, files: a.conf", ours: "fails, files: ",
		try: func(s *side) string {
			p := s.supervisord() // it does not run
			r := s.supervisordSwitch(s.model("model.nix", `{ a = sleeper "a" { }; }`))
			return exits(r) + "files: " + strings.Join(namesIn(s, filepath.Join(p.conf, "conf.d")), " ")
		},
	},
	{
		fault: "D25", part: "directory", original: "fails, runs: ", ours: "succeeds, runs: a",
		try: func(s *side) string {
			p := s.supervisord()
			p.run()
			if err := os.Remove(s.path("supervisord.conf")); err != nil {
				s.t.Fatal(err)
			}
			r := s.supervisordSwitch(s.model("model.nix", `{ a = sleeper "a" { }; }`))
			runs := ""
			if p.observe()["a"] != "" {
				runs = "a"
			}
			return exits(r) + "runs: " + runs
		},
	},
	{
		fault: "D25", part: "order", original: "starts: app app db", ours: "starts: app db app",
		try: func(s *side) string {
			s.supervisord().run()
			program := func(name, more string) string {
				return fmt.Sprintf(`%s.pkg = create { name = %[1]q; foregroundProcess = script %[1]q "echo %[1]s >>\"$ORDER\"; exec sleep 1000"; environment.ORDER = "${stateDir}/order"; %s };`, name, more)
			}
			s.must(s.supervisordSwitch(s.model("model.nix", "{ "+program("app", "")+" }")))
			s.must(s.supervisordSwitch(s.model("model.nix", "rec { "+program("db", "")+program("app", "dependencies = [ db.pkg ]; args = [ 2 ];")+" }")))
			return "starts: " + strings.Join(strings.Fields(read(s.t, s.path("state/order"))), " ")
		},
	},
	{
		fault: "D26", original: "what depends on it: restarted", ours: "what depends on it: kept",
		try: func(s *side) string {
			p := s.supervisord()
			p.run()
			s.must(s.supervisordSwitch(s.model("model.nix", `rec { base = sleeper "base" { }; top = sleeper "top" { dependencies = [ base.pkg ]; }; }`)))
			before := p.pid("top")
			s.must(s.supervisordSwitch(s.model("model.nix", `rec {
				below = sleeper "below" { };
				base = sleeper "base" { dependencies = [ below.pkg ]; };
				top = sleeper "top" { dependencies = [ base.pkg ]; };
			}`)))
			if p.pid("top") == before {
				return "what depends on it: kept"
			}
			return "what depends on it: restarted"
		},
	},
	{
		fault: "D30", part: "supervisord", original: "nice: +0", ours: "nice: +7",
		try: func(s *side) string {
			p := s.supervisord()
			p.run()
			s.must(s.supervisordSwitch(s.model("model.nix", `{ a = sleeper "a" { nice = 7; }; }`)))
			pid, err := strconv.Atoi(p.pid("a"))
			if err != nil {
				s.t.Fatal(err)
			}
			return fmt.Sprintf("nice: +%d", niceOf(s.t, pid)-niceOf(s.t, os.Getpid()))
		},
	},
}

// environmentOf gives the value of a variable of a process.
func environmentOf(s *side, pid, name string) string {
	s.t.Helper()
	for _, variable := range strings.Split(read(s.t, "/proc", pid, "environ"), "\x00") {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// namesIn lists a directory.
func namesIn(s *side, dir string) []string {
	s.t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
