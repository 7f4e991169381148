package tests

import (
	"fmt"
	"path/filepath"
	"strings"
)

var shownByAccounts = []shown{
	{
		fault: "D16", original: "succeeds without a word of it, uid 42301", ours: "succeeds and names it, uid 42301",
		try: func(s *side) string {
			m := s.machine()
			var r outcome
			for _, uid := range []int{42301, 42302} {
				r = s.must(s.run("sysvinit-switch", "--state-dir", s.path("state"), "--runlevel", "3", s.model("model.nix", fmt.Sprintf(
					`{ a = sleeper "a" { credentials = { groups.npuser = { }; users.npuser = { group = "npuser"; uid = %d; }; }; }; }`, uid))))
			}
			return s.warns(r, "npuser") + "uid " + strings.Split(m.account("passwd", "npuser")+":::", ":")[2]
		},
	},
	{
		fault: "D35", original: "groups: 65534 42777", ours: "groups: 65534",
		try: func(s *side) string {
			needsRoot(s.t, "setpriv", "gcc")
			command := []string{s.binary, "chainload-user"}
			if s.original {
				r := s.must(s.withNix("nix-build", "--no-out-link", filepath.Join(s.old.tree, "tools"), "-A", "chainload-user"))
				command = []string{filepath.Join(strings.TrimSpace(r.stdout), "bin/nixproc-chainload-user")}
			}
			args := append(append([]string{"--groups", "42777"}, command...), "nobody", "id", "-G")
			return "groups: " + strings.TrimSpace(s.must(s.program("setpriv", args...)).stdout)
		},
	},
}
