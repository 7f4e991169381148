package tests

import (
	"fmt"
	"path/filepath"
	"strings"
)

var shownByFiles = []shown{
	{
		fault: "D20", part: "launchd", original: "no plist", ours: "a plist with a<b & c",
		try: func(s *side) string {
			plist := s.built(s.create(`"launchd"`)+`create { name = "a"; foregroundProcess = "/bin/a"; args = [ "a<b & c" ]; }`, "Library/LaunchDaemons/org.nixos.a.plist")
			r := s.program("python3", "-c", `import plistlib, sys
print("a plist with", plistlib.loads(open(sys.argv[1], "rb").read())["ProgramArguments"][-1])`, s.write("a.plist", plist))
			if r.code != 0 {
				return "no plist"
			}
			return strings.TrimSpace(r.stdout)
		},
	},
	{
		fault: "D29", original: "the description is 42", ours: "the description is `echo 42`",
		try: func(s *side) string {
			expr := fmt.Sprintf(`let pkgs = import <nixpkgs> { }; in import (/. + %s) { inherit (pkgs) stdenv lib; forceDisableUserChange = false; } {
				groups = { }; users.npuser = { description = "`+"`echo 42`"+`"; };
			}`, nixString(filepath.Join(s.tree(), "nixproc/create-credentials")))
			r := s.must(s.withNix("nix-build", "--no-out-link", "-E", expr))
			// As everybody reads these files.
			file := filepath.Join(strings.TrimSpace(r.stdout), "dysnomia-support/users/npuser")
			return strings.TrimSpace(s.must(s.program("sh", "-c", `. "$1"; echo "the description is $description"`, "sh", file)).stdout)
		},
	},
	{
		fault: "D39", original: "neither pid file nor log", ours: "pid file and log",
		try: func(s *side) string {
			// Without change of users it needs FreeBSD's /etc/rc.subr.
			create := strings.Replace(s.create(`"bsdrc"`), "forceDisableUserChange = true", "forceDisableUserChange = false", 1)
			script := s.built(create+`create { name = "a"; instanceName = "a"; foregroundProcess = "/bin/a"; }`, "etc/rc.d/a")
			pid, log := strings.Contains(script, "-p /x/run/a.pid"), strings.Contains(script, "-o /x/log/nixproc-a.log")
			switch {
			case pid && log:
				return "pid file and log"
			case !pid && !log:
				return "neither pid file nor log"
			}
			return script
		},
	},
}
