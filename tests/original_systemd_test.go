package tests

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// systemd gives the side a systemd of a user.
func (s *side) systemd() *systemdMachine {
	s.t.Helper()
	m := newSystemdMachine(s.t, true)
	units := m.units
	s.use(m.deployment, nil)
	if s.original { // it can't cope with blanks
		s.link(units, "units")
		s.env = append(s.env, "SYSTEMD_TARGET_DIR="+s.path("units")+"/") // or it replaces the link
		s.must(s.program("mkdir", "-p", units))
	}
	return m
}

func (s *side) mustSwitchSystemd(args ...string) {
	s.t.Helper()
	s.must(s.run("systemd-switch", slices.Concat(s.usual(), []string{"--user"}, args)...))
}

var shownBySystemd = []shown{
	{
		fault: "D20", part: "systemd", original: "V is a", ours: `V is a b "c" 100%`,
		try: func(s *side) string {
			m := s.systemd()
			s.mustSwitchSystemd(s.model("model.nix", `{ a = sleeper "a" { environment.V = "a b \"c\" 100%"; }; }`))
			return "V is " + environmentOf(s, pidOf(m.pids()["a"]), "V")
		},
	},
	{
		fault: "D32", part: "calls", original: "3 calls to start", ours: "1 calls to start",
		try: func(s *side) string {
			s.systemd()
			s.logged("systemctl")
			s.mustSwitchSystemd(s.model("model.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; c = sleeper "c" { }; }`))
			calls := 0
			for line := range strings.Lines(read(s.t, s.path("calls"))) {
				if slices.Contains(strings.Fields(line), "start") {
					calls++
				}
			}
			return fmt.Sprintf("%d calls to start", calls)
		},
	},
	{
		fault: "D32", part: "links", original: "a link leads to the old unit", ours: "no link leads to an old unit",
		try: func(s *side) string {
			m := s.systemd()
			for _, colour := range []string{"red", "blue"} {
				s.mustSwitchSystemd(s.model("model.nix", fmt.Sprintf(`rec { base = sleeper "base" { environment.COLOUR = %q; }; top = sleeper "top" { dependencies = [ base.pkg ]; }; }`, colour)))
			}
			links, err := filepath.Glob(filepath.Join(m.units, "*.wants/nix-process-base.service"))
			if err != nil {
				s.t.Fatal(err)
			}
			for _, link := range links {
				if strings.Contains(read(s.t, link), "red") {
					return "a link leads to the old unit"
				}
			}
			return "no link leads to an old unit"
		},
	},
	{
		fault: "D41", original: "SendSIGKILL=yes", ours: "SendSIGKILL=no",
		try: func(s *side) string {
			m := s.systemd()
			s.mustSwitchSystemd(s.model("model.nix", `{ a = sleeper "a" { overrides.systemd.Service.SendSIGKILL = false; }; }`))
			return strings.TrimSpace(m.systemctl("show", "--property=SendSIGKILL", "nix-process-a.service").stdout)
		},
	},
}
