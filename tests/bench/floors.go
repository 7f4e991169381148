package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// startUp is the time that Nix takes to evaluate nothing.
func (p *place) startUp(ctx context.Context) (time.Duration, error) {
	r, err := p.command("nix-instantiate", "--eval", "-E", "1").run(ctx)
	return r.took, err
}

// trivialBuild is the time that Nix takes to build one small derivation that
// was instantiated before.
func (p *place) trivialBuild(ctx context.Context) (time.Duration, error) {
	text := fmt.Sprintf(`derivation { name = "trivial"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ": > $out" ]; now = %q; }`, time.Now())
	instantiated, err := p.command("nix-instantiate", "-E", text).run(ctx)
	if err != nil {
		return 0, err
	}
	r, err := p.command("nix-store", "--realise", instantiated.stdout).run(ctx)
	return r.took, err
}

// trivialBuilds is the time that Nix takes to build many small derivations; some
// at a time, since many times as many take it many times as long each.
func (p *place) trivialBuilds(ctx context.Context, count int) (time.Duration, error) {
	text := fmt.Sprintf(`builtins.genList (number: derivation { name = "trivial"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ": > $out" ]; now = %q; inherit number; }) %d`, time.Now(), count)
	instantiated, err := p.command("nix-instantiate", "-E", text).run(ctx)
	if err != nil {
		return 0, err
	}
	drvs := p.path("scratch", "derivations")
	if err := os.WriteFile(drvs, []byte(instantiated.stdout), 0o644); err != nil {
		return 0, err
	}
	r, err := p.command("xargs", "-a", drvs, "-n", "50", "nix-store", "--realise").run(ctx)
	return r.took, err
}

// scripts are the init scripts of a profile in the order of their numbers:
// those of one level are independent of each other.
type scripts [][]string

var startLink = regexp.MustCompile(`^S([0-9]+)(.+)$`)

func scriptsOf(profile string) (scripts, error) {
	links, err := filepath.Glob(filepath.Join(profile, "etc/rc.d/rc3.d/S*"))
	if err != nil {
		return nil, err
	}
	byNumber := map[int][]string{}
	var numbers []int
	for _, link := range links {
		match := startLink.FindStringSubmatch(filepath.Base(link))
		if match == nil {
			continue
		}
		number, err := strconv.Atoi(match[1])
		if err != nil {
			return nil, err
		}
		if byNumber[number] == nil {
			numbers = append(numbers, number)
		}
		byNumber[number] = append(byNumber[number], filepath.Join(profile, "etc/rc.d/init.d", match[2]))
	}
	if len(numbers) == 0 {
		return nil, errors.New("the profile " + profile + " starts nothing in runlevel 3")
	}
	slices.Sort(numbers)
	var found scripts
	for _, number := range numbers {
		found = append(found, byNumber[number])
	}
	return found, nil
}

// each runs every script with an activity, level after level, those of a level
// side by side, with nothing in between but xargs.
func (s scripts) each(ctx context.Context, activity string, jobs int) (time.Duration, error) {
	levels := slices.Clone(s)
	if activity == "stop" {
		slices.Reverse(levels)
	}
	var total time.Duration
	for _, level := range levels {
		text := fmt.Sprintf("printf '%%s\\n' \"$@\" | xargs -P %d -I FILE env FILE %s >/dev/null", jobs, activity)
		c := command{
			args: slices.Concat([]string{"/bin/sh", "-c", text, "sh"}, level),
			env:  []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		}
		r, err := c.run(ctx)
		if err != nil {
			return 0, err
		}
		total += r.took
	}
	return total, nil
}

// named gives the script of one process alone.
func (s scripts) named(name string) scripts {
	for _, level := range s {
		for _, script := range level {
			if strings.HasSuffix(script, "/"+name) {
				return scripts{{script}}
			}
		}
	}
	return nil
}
