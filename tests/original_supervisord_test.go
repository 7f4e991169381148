package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// supervised is a side with a supervisord of its own, which need not run.
type supervised struct {
	*side
	place *supervisordPlace
}

func (s *side) supervisord() *supervised {
	s.t.Helper()
	p := supervisordFor(s.deployment)
	// The original asks whatever supervisord the working directory, or the
	// machine, has a configuration for.
	s.link(filepath.Join(p.conf, "supervisord.conf"), "supervisord.conf")
	if s.original { // it can't cope with blanks
		s.link(p.conf, "conf")
		s.env = append(s.env, "SUPERVISORD_CONF_DIR="+s.path("conf"))
	}
	return &supervised{s, p}
}

// switchTo switches with supervisord. The original does not wait for what it
// starts.
func (s *supervised) switchTo(args ...string) outcome {
	s.t.Helper()
	r := s.run("supervisord-switch", slices.Concat(s.usual(), args)...)
	for end := time.Now().Add(patience); s.original && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if status := s.place.ctl("status").stdout; !strings.Contains(status, "STARTING") && !strings.Contains(status, "STOPPED") {
			break
		}
	}
	return r
}

var shownBySupervisord = []shown{
	{
		fault: "D11", part: "supervisord", original: "runs in another directory", ours: "runs in the directory",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			s.must(p.switchTo(s.model("model.nix", `{ a = sleeper "a" { directory = "/usr/share"; }; }`)))
			if link, err := os.Readlink("/proc/" + p.place.pid("a") + "/cwd"); err != nil || link != "/usr/share" {
				return "runs in another directory"
			}
			return "runs in the directory"
		},
	},
	{
		fault: "D20", part: "supervisord", original: "supervisord does not take it", ours: "gets 100%",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			p.switchTo(s.model("model.nix", `{ a.pkg = create { name = "a"; foregroundProcess = script "a" "exec sleep 1000"; args = [ "100%" ]; environment.V = "100%"; }; }`))
			pid := p.place.observe()["a"]
			if pid == "" {
				return "supervisord does not take it"
			}
			return "gets " + environmentOf(s, p.place.pid("a"), "V")
		},
	},
	{
		fault: "D21", part: "supervisord", original: "succeeds, then succeeds, generation processes-1-link", ours: "fails, then fails, generation ",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			model := s.model("model.nix", `{ a.pkg = create { name = "a"; foregroundProcess = script "a" "exit 7"; }; }`)
			return exits(p.switchTo(model)) + "then " + exits(p.switchTo(model)) + "generation " + s.observe().fact("profile processes ->")
		},
	},
	{
		fault: "D23", original: "its supervisor takes it for dead", ours: "its supervisor knows it",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			s.write("state/run/a.pid", "999999999\n")
			p.switchTo(s.model("model.nix", `{ a = daemon "a" ''
				setsid sh -c 'sleep 0.2; echo $$ >"$1"; while :; do sleep 1; done' sh "$PID_FILE" &
			'' [ ]; }`))
			if p.place.observe()["a"] == "" {
				return "its supervisor takes it for dead"
			}
			return "its supervisor knows it"
		},
	},
	{
		fault: "D25", part: "files", original: "fails, files: a.conf", ours: "fails, files: ",
		try: func(s *side) string {
			p := s.supervisord() // it does not run
			r := p.switchTo(s.model("model.nix", `{ a = sleeper "a" { }; }`))
			return exits(r) + "files: " + strings.Join(namesIn(s, filepath.Join(p.place.conf, "conf.d")), " ")
		},
	},
	{
		fault: "D25", part: "directory", original: "fails, runs: ", ours: "succeeds, runs: a",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			if err := os.Remove(s.path("supervisord.conf")); err != nil {
				s.t.Fatal(err)
			}
			r := p.switchTo(s.model("model.nix", `{ a = sleeper "a" { }; }`))
			runs := ""
			if p.place.observe()["a"] != "" {
				runs = "a"
			}
			return exits(r) + "runs: " + runs
		},
	},
	{
		fault: "D25", part: "order", original: "starts: app app db", ours: "starts: app db app",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			program := func(name, more string) string {
				return fmt.Sprintf(`%s.pkg = create { name = %[1]q; foregroundProcess = script %[1]q "echo %[1]s >>\"$ORDER\"; exec sleep 1000"; environment.ORDER = "${stateDir}/order"; %s };`, name, more)
			}
			s.must(p.switchTo(s.model("model.nix", "{ "+program("app", "")+" }")))
			s.must(p.switchTo(s.model("model.nix", "rec { "+program("db", "")+program("app", "dependencies = [ db.pkg ]; args = [ 2 ];")+" }")))
			return "starts: " + strings.Join(strings.Fields(read(s.t, s.path("state/order"))), " ")
		},
	},
	{
		fault: "D26", original: "what depends on it: restarted", ours: "what depends on it: kept",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			s.must(p.switchTo(s.model("model.nix", `rec { base = sleeper "base" { }; top = sleeper "top" { dependencies = [ base.pkg ]; }; }`)))
			before := p.place.pid("top")
			s.must(p.switchTo(s.model("model.nix", `rec {
				below = sleeper "below" { };
				base = sleeper "base" { dependencies = [ below.pkg ]; };
				top = sleeper "top" { dependencies = [ base.pkg ]; };
			}`)))
			if p.place.pid("top") == before {
				return "what depends on it: kept"
			}
			return "what depends on it: restarted"
		},
	},
	{
		fault: "D30", part: "supervisord", original: "nice: +0", ours: "nice: +7",
		try: func(s *side) string {
			p := s.supervisord()
			p.place.run()
			s.must(p.switchTo(s.model("model.nix", `{ a = sleeper "a" { nice = 7; }; }`)))
			pid, err := strconv.Atoi(p.place.pid("a"))
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
