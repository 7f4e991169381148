package tests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The managers that do not run here have stand-ins, which do not know whose
// commands call them.
var shownByManagers = []shown{
	{
		fault: "D6", part: "rollback", original: "fails, runs: a b", ours: "succeeds, runs: a",
		try: func(s *side) string {
			s.disnix()
			return exits(s.run("disnix-switch", append(s.usual(), "--rollback")...)) + s.runs()
		},
	},
	{
		fault: "D6", part: "list", original: "0 generations", ours: "2 generations",
		try: func(s *side) string {
			s.disnix()
			return fmt.Sprintf("%d generations", strings.Count(s.must(s.run("disnix-switch", "--list-generations")).stdout, "\n"))
		},
	},
	{
		fault: "D9", original: "fails, services: , generation processes-1-link", ours: "succeeds, services: a, generation processes-1-link",
		try: func(s *side) string {
			p := cygrunsrvFor(s.deployment)
			p.run("exec")
			s.first(p.state)
			r := s.run("cygrunsrv-switch", append(s.usual(), s.model("model.nix", `{ a = sleeper "a" { }; }`))...)
			services := ""
			for name := range p.observe() {
				services += name
			}
			return exits(r) + "services: " + services + ", generation " + s.observe().fact("profile processes ->")
		},
	},
	{
		fault: "D10", original: "succeeds, rc.conf: ", ours: "succeeds, rc.conf: a_enabled=YES",
		try: func(s *side) string {
			b := newBSDMachine(s.t)
			// Where the original is to put its links.
			b.inside("mount", "-t", "tmpfs", "tmpfs", "/usr/local/etc")
			b.inside("touch", "/etc/rc.conf")
			s.use(b.deployment, b.enters())
			s.env = append(s.env, "BSDRC_RC_CONF=/etc/rc.conf")
			s.script("rcorder", `printf '%s\n' "$@"`)
			s.script("tail", `[ "$1" = -r ] && exec tac; exec /usr/bin/tail "$@"`)
			r := s.run("bsdrc-switch", append(s.usual(), "--enable-at-boot", s.model("model.nix", `{ a = daemon "a" "setsid sleep 1000 & echo $! >\"$PID_FILE\"" [ ]; }`))...)
			return exits(r) + "rc.conf: " + said(outcome{stdout: b.inside("cat", "/etc/rc.conf")}, `(a_enabled=YES)`)
		},
	},
	{
		fault: "D12", part: "options", original: "fails, ", ours: "succeeds, ",
		try: func(s *side) string {
			s.use(newDocker(s.t).deployment, nil)
			profile := strings.TrimSpace(s.must(s.run("build", append(s.usual(), "-P", "docker", "--no-out-link", "--undeploy")...)).stdout)
			return exits(s.run("docker-deploy", append(s.usual(), "--log-dir", s.path("log"), profile)...))
		},
	},
	{
		fault: "D12", part: "count", original: "the container beside another one: none", ours: "the container beside another one: nixproc-b",
		try: func(s *side) string {
			p := newDocker(s.t)
			s.use(p.deployment, nil)
			s.packages(fmt.Sprintf(`dockerTools = { shadowSetup = ""; buildImage = image: import (/. + %s) {
				inherit (pkgs) stdenv;
				nixprocBinary = builtins.storePath (builtins.getEnv "NIXPROC_BUILDER");
			} { inherit (image) name tag runAsRoot config; }; };`, nixString(absolutePath(s.t, "../nixproc/backends/docker/image.nix"))))
			binary, err := storedBinary()
			if err != nil {
				s.t.Fatal(err)
			}
			s.env = append(s.env, "NIXPROC_BUILDER="+binary)
			one := func(name string) []string {
				// It comes as far as it can: what the original makes has no other store than /nix/store.
				s.run("docker-switch", append(s.usual(), s.model("model.nix", fmt.Sprintf(`{ %s = sleeper %[1]q { }; }`, name)))...)
				return p.list("ps", "-a", "--format", "{{.Names}}")
			}
			if names := one("a"); !slices.Equal(names, []string{"nixproc-a"}) {
				s.t.Fatalf("the containers are %q", names)
			}
			s.must(p.docker("create", "--name", "my-nixproc-b", "a:latest"))
			if slices.Contains(one("b"), "nixproc-b") {
				return "the container beside another one: nixproc-b"
			}
			return "the container beside another one: none"
		},
	},
	{
		fault: "D17", original: "first: load app", ours: "first: bootstrap db",
		try: func(s *side) string {
			p := launchdFor(s.deployment)
			p.run()
			s.first(p.state)
			if s.original { // it can't cope with blanks
				s.link(p.dir, "daemons")
				s.must(s.program("mkdir", "-p", p.dir))
				s.env = append(s.env, "LAUNCHD_TARGET_DIR="+s.path("daemons"))
			}
			s.run("launchd-switch", append(s.usual(), s.model("model.nix", `rec { db = sleeper "db" { }; app = sleeper "app" { dependencies = [ db.pkg ]; }; }`))...)
			for _, call := range p.calls() {
				if match := regexp.MustCompile(` (load|bootstrap) .*org\.nixos\.(.*)\.plist$`).FindStringSubmatch(call); match != nil {
					return "first: " + match[1] + " " + match[2]
				}
			}
			return "nothing is loaded"
		},
	},
}

// disnix deploys one process, and then two, by our commands, with a stand-in for
// Disnix.
func (s *side) disnix() {
	s.t.Helper()
	p := newDisnix(s.t, s.deployment)
	p.mustSwitchTo(s.deployment.model("model.nix", `{ a = sleeper "a" { }; }`))
	p.mustSwitchTo(s.deployment.model("model.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`))
	s.first(standIn(s.t))
}
