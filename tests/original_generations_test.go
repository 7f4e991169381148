package tests

import (
	"fmt"
	"strings"
)

var shownByGenerations = []shown{
	{
		fault: "D5", part: "list", original: "0 generations", ours: "2 generations",
		try: func(s *side) string {
			s.sleeping("a", "-p", "other")
			s.sleeping("a b", "-p", "other")
			r := s.must(s.run("sysvinit-switch", "-p", "other", "--list-generations"))
			return fmt.Sprintf("%d generations", strings.Count(r.stdout, "\n"))
		},
	},
	{
		fault: "D5", part: "rollback", original: "fails, runs: a b", ours: "succeeds, runs: a",
		try: func(s *side) string {
			s.sleeping("a", "-p", "other")
			s.sleeping("a b", "-p", "other")
			return exits(s.switchTo("-p", "other", "--rollback")) + s.runs()
		},
	},
	{
		fault: "D7", original: "runs: a b c", ours: "runs: a",
		try: func(s *side) string {
			s.sleeping("a")
			s.sleeping("a b")
			s.sleeping("a b c")
			s.mustSwitchTo("--rollback")
			s.mustSwitchTo("--rollback")
			return s.runs()
		},
	},
	{
		fault: "D14", part: "lock", original: "slow runs 2 times", ours: "slow runs 1 times",
		try: func(s *side) string {
			model := s.model("model.nix", slowModel)
			s.must(s.run("build", "-P", "sysvinit", "--no-out-link", "--state-dir", s.path("state"), "--force-disable-user-change", model))
			s.atOnce(2, model)
			return fmt.Sprintf("slow runs %d times", len(mentions(s.t, s.path("state/run/slow.pid.once"))))
		},
	},
	{
		fault: "D14", part: "root", original: "nothing keeps the profile", ours: "something keeps the profile",
		try: func(s *side) string {
			body := `{ waits = daemon "waits" ''
				touch "$PID_FILE.begun"
				until [ -e "$PID_FILE.go" ]; do sleep 0.05; done
				setsid sleep 1000 & echo $! >"$PID_FILE"
			'' [ ]; }`
			model := s.model("model.nix", body)
			profile := strings.TrimSpace(s.must(s.run("build", append(s.usual(), "-P", "sysvinit", "--no-out-link", model)...)).stdout)
			ended := make(chan outcome)
			go func() { ended <- s.switchTo(model) }()
			eventually(s.t, "the process starts", func() bool { return present(s.path("state/run/waits.pid.begun")) })
			roots := s.must(s.withNix("nix-store", "--query", "--roots", profile)).stdout
			s.write("state/run/waits.pid.go", "")
			s.must(<-ended)
			if roots == "" {
				return "nothing keeps the profile"
			}
			return "something keeps the profile"
		},
	},
	{
		fault: "D27", original: "succeeds, runs: b c", ours: "fails, runs: a c",
		try: func(s *side) string {
			s.sleeping("a")
			s.sleeping("b", "-p", "processes-b")
			s.sleeping("c", "-p", "processes-b")
			return exits(s.switchTo("--rollback")) + s.runs()
		},
	},
}

// atOnce runs so many identical switches side by side.
func (s *side) atOnce(number int, args ...string) {
	s.t.Helper()
	ended := make(chan outcome)
	for range number {
		go func() { ended <- s.switchTo(args...) }()
	}
	for range number {
		<-ended
	}
}
