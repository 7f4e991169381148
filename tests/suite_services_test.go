package tests

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The suites of real services pass, under each manager that is installed, side by
// side. make test takes a cut: each manager with one service, and each kind of
// variant; NIXPROC_TEST_SERVICES=all (make services) takes all.
func TestServices(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("nginx")
	suite := func(name string) string { return checkoutPath(t) + "/tests/services/" + name }
	runs := [][]string{
		{"-P", "sysvinit", "--variant=test,upgrade", suite("nginx-reverse-proxy-hostbased")},
		{"-P", "supervisord", "--profile=unprivileged", "--variant=crash", suite("nginx-reverse-proxy-hostbased")},
		{"-P", "systemd", "--variant=test", suite("nginx-reverse-proxy-hostbased")},
		{"-P", "docker", "--profile=privileged", "--variant=test", suite("postgresql")},
	}
	limit := time.Hour
	if os.Getenv("NIXPROC_TEST_SERVICES") == "all" {
		runs = [][]string{{suite("nginx-reverse-proxy-hostbased"), suite("postgresql")}}
		limit = 3 * time.Minute
	}
	for _, args := range runs {
		begin := time.Now()
		r, trials := d.test(args...)
		took := time.Since(begin)
		if r.code != 0 || !slices.ContainsFunc(trials, func(one trial) bool { return one.Status == "passed" || one.Status == "skipped" }) {
			t.Errorf("%q: exit code %d\n%s", args, r.code, r.stderr)
		}
		skipped := 0
		for _, one := range trials {
			if one.Status == "skipped" {
				skipped++
				t.Log(strings.Join([]string{one.Suite, one.Profile, one.Manager, one.Variant, "is skipped:", one.Message}, " "))
			}
		}
		t.Logf("%d variants, %d of them skipped, in %s", len(trials), skipped, took.Round(time.Second))
		if took > limit {
			t.Errorf("%q took %s, more than %s", args, took, limit)
		}
	}
	nothingOfSuites(t, d)
}
