package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// words says what a command line was understood as: --name or --name=value for
// each option in order, then -- and the operands.
func words(settings []setting, operands []string) []string {
	var all []string
	for _, s := range settings {
		if isSwitch(s.flag) {
			all = append(all, "--"+s.flag.Name)
		} else {
			all = append(all, "--"+s.flag.Name+"="+s.value)
		}
	}
	return append(append(all, "--"), operands...)
}

func flagsOf(set optionSet) *pflag.FlagSet {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	(&options{}).define(flags, set)
	return flags
}

// The command line is read as getopt(1), which the older tools used, reads it.
func TestGetoptHabits(t *testing.T) {
	commands := commands()
	for _, c := range []struct {
		command string
		args    []string
		want    []string // nil: refused
		message string
	}{
		{"sysvinit-switch", nil, []string{"--"}, ""},
		{"sysvinit-switch", []string{"a", "--undeploy", "b"}, []string{"--undeploy", "--", "a", "b"}, ""},
		{"sysvinit-switch", []string{"--undep"}, []string{"--undeploy", "--"}, ""},
		{"sysvinit-switch", []string{"--undeploy=yes"}, nil, "option --undeploy takes no value"},
		{"sysvinit-switch", []string{"--undeploy="}, nil, "option --undeploy takes no value"},
		{"sysvinit-switch", []string{"--undeploy=true"}, nil, "option --undeploy takes no value"},
		{"sysvinit-switch", []string{"-p=x"}, []string{"--profile==x", "--"}, ""},
		{"sysvinit-switch", []string{"-px"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"-p", "x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--profile=x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--profile", "x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--prof", "x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--profile=a=b"}, []string{"--profile=a=b", "--"}, ""},
		{"sysvinit-switch", []string{"-p"}, nil, "option -p needs a value"},
		{"sysvinit-switch", []string{"--profile"}, nil, "option --profile needs a value"},
		{"sysvinit-switch", []string{"--pro"}, nil, "option --profile needs a value"},
		// D28: a value is a value, whatever it looks like.
		{"sysvinit-switch", []string{"--state-dir", "--undeploy"}, []string{"--state-dir=--undeploy", "--"}, ""},
		{"sysvinit-switch", []string{"-p", "--"}, []string{"--profile=--", "--"}, ""},
		{"sysvinit-switch", []string{"--profile", "-h", "x"}, []string{"--profile=-h", "--", "x"}, ""},
		{"sysvinit-switch", []string{"--", "--undeploy", "-p"}, []string{"--", "--undeploy", "-p"}, ""},
		{"sysvinit-switch", []string{"a", "--", "-h"}, []string{"--", "a", "-h"}, ""},
		{"sysvinit-switch", []string{"-", "--undeploy"}, []string{"--undeploy", "--", "-"}, ""},
		{"sysvinit-switch", []string{"", "x"}, []string{"--", "", "x"}, ""},
		{"sysvinit-switch", []string{"--state-dir="}, []string{"--state-dir=", "--"}, ""},
		{"sysvinit-switch", []string{"--state-dir", ""}, []string{"--state-dir=", "--"}, ""},
		{"sysvinit-switch", []string{"--s"}, nil, "option --s is ambiguous: --service-property, --show-trace, --spool-dir, --state-dir, --switch-generation"},
		{"sysvinit-switch", []string{"--l=x"}, nil, "option --l is ambiguous: --lib-dir, --list-generations, --lock-dir, --log-dir"},
		{"sysvinit-switch", []string{"--nonsense=5"}, nil, "unknown option --nonsense"},
		{"sysvinit-switch", []string{"-x"}, nil, "unknown option -x"},
		{"sysvinit-switch", []string{"-hx"}, nil, "unknown option -x"},
		{"sysvinit-switch", []string{"-hé"}, nil, "unknown option -é"},
		{"sysvinit-switch", []string{"-h=x"}, nil, "unknown option -="},
		{"sysvinit-switch", []string{"-undeploy"}, nil, "unknown option -u"},
		// One way to say it is documented; the other is known, too.
		{"sysvinit-switch", []string{"--switch=3"}, []string{"--switch-generation=3", "--"}, ""},
		{"sysvinit-switch", []string{"--show", "--show-v"}, []string{"--show-trace", "--show-values", "--"}, ""},
		{"rollback", []string{"--show"}, []string{"--show-values", "--"}, ""},
		{"sysvinit-switch", []string{"--switch-to-generation=3"}, []string{"--switch-to-generation=3", "--"}, ""},
		{"sysvinit-switch", []string{"--switch-to", "3"}, []string{"--switch-to-generation=3", "--"}, ""},
		{"sysvinit-switch", []string{"-r"}, nil, "unknown option -r"},
		{"sysvinit-runactivity", []string{"-rp", "NAME", "stop"}, []string{"--reverse", "--profile=NAME", "--", "stop"}, ""},
		{"sysvinit-runactivity", []string{"-rpNAME", "stop"}, []string{"--reverse", "--profile=NAME", "--", "stop"}, ""},
		{"sysvinit-runactivity", []string{"-prh"}, []string{"--profile=rh", "--"}, ""},
		{"sysvinit-runactivity", []string{"-rh"}, []string{"--reverse", "--help", "--"}, ""},
		{"build", []string{"-P", "sysvinit", "x"}, []string{"--process-manager=sysvinit", "--", "x"}, ""},
		{"build", []string{"-p", "x"}, nil, "unknown option -p"},
		{"init-state", []string{"--undeploy"}, nil, "unknown option --undeploy"},
		{"id-assign", []string{"--output-f", "x", "--id=r", "--ids=i"}, nil, "option --id is ambiguous: --id-resources, --ids"},
		{"id-assign", []string{"--output-f", "x", "--id-r=r", "m", "--ids", "--ids"}, []string{"--output-file=x", "--id-resources=r", "--ids=--ids", "--", "m"}, ""},
		{"id-assign", []string{"--output=x"}, nil, "option --output is ambiguous: --output-file, --output-xml"},
	} {
		t.Run(fmt.Sprintf("%s %q", c.command, c.args), func(t *testing.T) {
			settings, operands, err := getopt(flagsOf(commands[c.command].set), c.args, false)
			if c.want == nil {
				if err == nil || err.Error() != c.message {
					t.Errorf("got %q and the error %v, want the error %q", words(settings, operands), err, c.message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := words(settings, operands); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What options mean, beyond how they are written.
func TestOptionValues(t *testing.T) {
	set := commands()["sysvinit-switch"].set
	for _, c := range []struct {
		args    []string
		message string // "" accepted
		check   func(*options) bool
	}{
		{[]string{"-p", "a", "-p", "b"}, "", func(o *options) bool { return o.profile == "b" }},
		{[]string{"--switch-to-generation", "3"}, "", func(o *options) bool { return o.switchGeneration == "3" }},
		{[]string{"--extra-params="}, "", func(o *options) bool { return o.extraParams == "" }},
		{[]string{"--jobs=3"}, "", func(o *options) bool { return o.jobs == 3 }},
		{[]string{"--jobs=x"}, `option --jobs: "x" is no whole number`, nil},
		{[]string{"--jobs=0"}, "option --jobs: 0 is not 1 or more", nil},
		{[]string{"--keep-going", "--no-rollback"}, "options --keep-going and --no-rollback", nil},
		// D1: no operation at all would mean to build and deploy.
		{[]string{"--switch-generation="}, "option --switch-generation needs a value", nil},
		{[]string{"--delete-generations", ""}, "option --delete-generations needs a value", nil},
		{[]string{"--state-dir", "a\xff"}, `option --state-dir: "a\xff" is not UTF-8 text`, nil},
	} {
		o, _, err := parse("sysvinit-switch", set, c.args)
		switch {
		case c.message == "" && err != nil:
			t.Errorf("%q: %v", c.args, err)
		case c.message == "" && !c.check(o):
			t.Errorf("%q: got %+v", c.args, o)
		case c.message != "" && (err == nil || !strings.Contains(err.Error(), c.message)):
			t.Errorf("%q: got the error %v, want %q", c.args, err, c.message)
		}
	}
}

// An option beats the environment, also with an empty value (D8).
func TestOptionsBeatEnvironment(t *testing.T) {
	t.Setenv("NIXPROC_STATE_DIR", "/from/environment")
	t.Setenv("NIXPROC_RUNTIME_DIR", "/run/of/environment")
	t.Setenv("NIXPROC_FORCE_DISABLE_USER_CHANGE", "1")
	o, _, err := parse("init-state", commands()["init-state"].set, []string{"--runtime-dir", "", "--lib-dir=/lib/of/option"})
	if err != nil {
		t.Fatal(err)
	}
	if d := o.dirs; d.State != "/from/environment" || d.Runtime != "" || d.Lib != "/lib/of/option" || d.Log != "" || !o.disableUserChange {
		t.Errorf("got %+v", o)
	}
}

// The old names are links to the program.
func TestNameOfCommand(t *testing.T) {
	for _, c := range []struct {
		args []string
		name string
		rest int
	}{
		{[]string{"/usr/bin/nixproc-sysvinit-switch", "build", "x"}, "sysvinit-switch", 2},
		{[]string{"nixproc-build", "x"}, "build", 1},
		{[]string{"nixproc", "build", "x"}, "build", 1},
		{[]string{"nixproc-dev", "build", "x"}, "build", 1},
		{[]string{"nixproc"}, "", 0},
	} {
		name, rest := splitName(c.args)
		if name != c.name || len(rest) != c.rest {
			t.Errorf("%q: got %s with %d arguments, want %s with %d", c.args, name, len(rest), c.name, c.rest)
		}
	}
}

// The same options are the same words, in any message.
func TestManagerOptions(t *testing.T) {
	o := &options{userUnits: true, enableAtBoot: true, disableUserChange: true, runlevel: "3"}
	o.dirs.State, o.dirs.Lib = "/state", "/lib"
	const want = "--state-dir=/state --lib-dir=/lib --runlevel=3 --user --enable-at-boot --force-disable-user-change"
	for range 20 {
		if got := strings.Join(o.managerOptions(), " "); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}
