package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// oldServices names a checkout of the service collection of the framework that
// this project replaces.
const oldServices = "NIXPROC_OLD_SERVICES"

// The models of the service collection run as they are, with our Nix files in
// the place of the old framework's and with theirs, under each manager: they
// answer, a second switch keeps them, and an undeployment leaves nothing. It
// takes half an hour: -timeout 1h.
func TestOldServices(t *testing.T) {
	framework, services := os.Getenv(oldFramework), os.Getenv(oldServices)
	if framework == "" || services == "" {
		t.Skipf("%s and %s do not both name a checkout", oldFramework, oldServices)
	}
	for _, service := range oldServiceCases {
		t.Run(service.name, func(t *testing.T) {
			t.Parallel()
			if service.never != "" {
				t.Skip(service.never)
			}
			for _, manager := range []string{"sysvinit", "systemd", "supervisord"} {
				for _, privileged := range []bool{true, false} {
					name := manager + map[bool]string{false: " unprivileged"}[privileged]
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						if reason := service.not[name]; reason != "" {
							t.Skip(reason)
						}
						service.run(t, name, manager, privileged, framework, services)
					})
				}
			}
		})
	}
}

func (c oldService) run(t *testing.T, name, manager string, privileged bool, framework, services string) {
	newDeployment(t).hostNeeds(c.needs...)
	s := newServiceMachine(t, manager, privileged)
	for way, tree := range map[string]string{"theirs": framework, "ours": checkoutPath(t)} {
		folder := s.path(way)
		for _, part := range []string{"nixproc", "examples", "tools"} {
			copyTree(t, filepath.Join(tree, part), filepath.Join(folder, "nix-processmgmt", part))
		}
		// Their webapp needs a library that few hosts have.
		copyTree(t, filepath.Join(checkoutPath(t), "webapp"), filepath.Join(folder, "nix-processmgmt/webapp"))
		copyTree(t, services, filepath.Join(folder, "nix-processmgmt-services"))
	}
	for _, way := range []string{"theirs", "ours"} {
		t.Run(way, func(t *testing.T) {
			defer func(outer *testing.T) { s.t = outer }(s.t)
			s.t = t
			if reason := c.not[name+" "+way]; reason != "" {
				t.Skip(reason)
			}
			model := s.path(way, "nix-processmgmt-services", c.model)
			if c.text != "" {
				model = s.write(way+"/nix-processmgmt-services/model.nix", withConstructors(c.text))
			}
			params := append([]string{"--extra-params", "{ nix-processmgmt = " + s.path(way, "nix-processmgmt") + "; " + c.params + " }", model}, c.options...)
			if r := s.switchTo(s.c, params...); r.code != 0 {
				t.Fatalf("exit code %d\n%s%s", r.code, r.stderr, s.logs())
			}
			c.answers(t, s, privileged)
			before := s.identities(c.processes)
			if !privileged {
				for _, name := range c.processes {
					runsAs(t, name, s.pid(name), deployerID, deployerID)
				}
			}
			s.mustSwitchTo(s.c, params...)
			kept(t, before, s.identities(c.processes), c.processes...)
			s.mustSwitchTo(s.c, "--undeploy")
			if left := s.remain(c.leaves); len(left) > 0 {
				t.Errorf("what is left:\n%s", strings.Join(left, "\n"))
			}
		})
	}
}

// answers asks each question until the answer comes.
func (c oldService) answers(t *testing.T, s *serviceMachine, privileged bool) {
	t.Helper()
	for _, q := range c.questions {
		script := fmt.Sprintf("S=%s M=%s U=%d\n%s", s.path("state"), s.c.name, map[bool]int{false: 1}[privileged], q.ask)
		var r outcome
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if r = s.inside("timeout", "30", "sh", "-c", script); strings.Contains(r.stdout, q.answer) {
				break
			}
		}
		if !strings.Contains(r.stdout, q.answer) {
			t.Errorf("%s\nanswers with exit code %d, want %q:\n%s%s%s", q.ask, r.code, q.answer, r.stdout, r.stderr, s.logs())
		}
	}
}

// logs are the beginnings and the ends of what services wrote down.
func (s *serviceMachine) logs() string {
	return s.asRoot("sh", "-c", `find "$1" -name '*log' ! -name 'ddl*' -type f -size +0 | while read -r log; do echo "== $log"; head -n 12 "$log"; echo ...; tail -n 12 "$log"; done
journalctl -n 30 --no-pager 2>/dev/null`, "sh", s.path("state")).stdout
}

// identities are the processes by their names: number and start.
func (s *serviceMachine) identities(names []string) map[string]string {
	s.t.Helper()
	found := map[string]string{}
	for _, name := range names {
		pid := s.pid(name)
		stat := read(s.t, "/proc", fmt.Sprint(pid), "stat")
		found[name] = fmt.Sprintf("%d since %s", pid, strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])[19])
	}
	return found
}
