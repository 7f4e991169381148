package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// framework is what is measured: commands, and Nix files.
type framework struct {
	name     string
	manager  string
	old      bool
	place    *place
	checkout string
	env      []string
	// build and switchTo are the commands up to their common options.
	build, switchTo []string
	// entry is what the commands evaluate, with the arguments that they add.
	entry []string
}

// variant of the model.
type variant struct {
	count, round, changed int
}

const profileName = "processes"

func ours(p *place, manager string, jobs int, options ...string) framework {
	return framework{
		name: "nixproc", manager: manager, place: p, checkout: p.tree, env: p.env,
		build:    []string{p.binary, "build", "-P", manager, "--no-out-link"},
		switchTo: append([]string{p.binary, manager + "-switch", "-p", profileName, "--jobs", strconv.Itoa(jobs)}, options...),
		entry: []string{
			filepath.Join(p.tree, "nixproc/deployment.nix"), "--argstr", "processManager", manager,
			"--arg", "nixprocBinary", "builtins.storePath " + nixString(p.binary),
		},
	}
}

// theirs is the framework that ours replaces, in its own words.
func theirs(p *place, checkout string) (framework, error) {
	checkout, err := filepath.EvalSymlinks(checkout)
	if err != nil {
		return framework{}, err
	}
	if checkout, err = filepath.Abs(checkout); err != nil {
		return framework{}, err
	}
	f := framework{
		name: "the old framework", manager: "sysvinit", old: true, place: p, checkout: checkout,
		env:      append(slices.Clone(p.env), "NIXPROC="+filepath.Join(checkout, "nixproc")),
		build:    []string{"nixproc-build", "-P", "sysvinit", "--no-out-link"},
		switchTo: []string{"nixproc-sysvinit-switch", "--runlevel", "3", "-p", profileName + "-old"},
		entry:    []string{filepath.Join(checkout, "nixproc/backends/sysvinit/build-sysvinit-env.nix"), "--argstr", "processManager", "sysvinit"},
	}
	if _, err := os.Stat(f.entry[0]); err != nil {
		return f, fmt.Errorf("%s is no checkout of the old framework: %w", checkout, err)
	}
	for _, program := range []string{f.build[0], f.switchTo[0]} {
		if _, err := exec.LookPath(program); err != nil {
			return f, fmt.Errorf("the old framework's commands have to be on PATH: %w", err)
		}
	}
	return f, nil
}

func (f framework) stateDir() string { return f.place.path("state") }

func (f framework) params(v variant) string {
	return fmt.Sprintf("{ framework = %s; count = %d; round = %d; changed = %d; }", nixString(f.checkout), v.count, v.round, v.changed)
}

func (f framework) options(v variant) []string {
	return []string{
		"--state-dir", f.stateDir(), "--force-disable-user-change",
		"--extra-params", f.params(v), f.place.path("model", "processes.nix"),
	}
}

func (f framework) buildOf(v variant) command {
	return command{args: slices.Concat(f.build, f.options(v)), env: f.env}
}

func (f framework) switchOf(v variant) command {
	return command{args: slices.Concat(f.switchTo, f.options(v)), env: f.env}
}

func (f framework) undeploy() command { return f.deploy("--undeploy") }

// deploy switches to a profile.
func (f framework) deploy(profile string) command {
	args := []string{"--state-dir", f.stateDir(), "--force-disable-user-change", profile}
	return command{args: slices.Concat(f.switchTo, args), env: f.env}
}

// instantiate is nix-instantiate of what the commands evaluate; a count of 0
// stands for no model.
func (f framework) instantiate(v variant) command {
	args := slices.Concat([]string{"nix-instantiate"}, f.entry, []string{
		"--argstr", "stateDir", f.stateDir(), "--arg", "forceDisableUserChange", "true",
		"--argstr", "callingUser", "root", "--argstr", "callingGroup", "root",
	})
	if v.count > 0 {
		args = append(args, "--argstr", "exprFile", f.place.path("model", "processes.nix"), "--arg", "extraParams", f.params(v))
	}
	env := f.env
	if !f.old {
		env = append(slices.Clone(env), "NIXPROC_BUILDER="+f.place.binary) // as the command does
	}
	return command{args: args, env: env}
}

// nixString quotes a text for Nix.
func nixString(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `${`, `\${`).Replace(text) + `"`
}
