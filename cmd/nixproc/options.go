package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sort"
	"strings"

	"github.com/spf13/pflag"

	"nixproc/lib/statedir"
)

// optionSet says which groups of options a command takes.
type optionSet struct {
	build      bool // evaluation: --show-trace, --extra-params, --host-packages, --undeploy
	deploy     bool // deployment: --profile, --old-profile, --jobs, …
	generation bool // generations: --rollback, --list-generations, …
	runlevel   bool // sysvinit's --runlevel
	manager    bool // --process-manager
	outLink    bool // --no-out-link
	directory  bool // the directories and --force-disable-user-change
	activity   bool // --reverse
	status     bool // --json
}

// options are the values of all options of all commands.
type options struct {
	help bool

	undeploy, showTrace, noOutLink bool
	extraParams, hostPackagesDir   string
	hostPackages                   bool
	processManager                 string

	rollback, listGenerations, deleteAllGenerations bool
	switchGeneration, deleteGenerations             string

	profile, oldProfile, runlevel            string
	jobs                                     int
	dryRun, wait, noRollback, restartDepends bool
	reverse, json                            bool

	dirs              statedir.Dirs
	disableUserChange bool
}

// parse reads a command line by the habits of getopt(1): options may follow
// operands and may be abbreviated, -- ends them.
func parse(name string, set optionSet, args []string) (*options, []string, error) {
	o := &options{}
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	o.define(flags, set)
	flags.SetNormalizeFunc(expandAbbreviation(flags))
	if err := flags.Parse(args); err != nil {
		return nil, nil, usageError{fmt.Sprintf("%s: %s\nnixproc %s --help lists the options", name, describe(flags, err), name)}
	}
	if set.directory {
		o.fromEnvironment(flags)
	}
	return o, flags.Args(), nil
}

func (o *options) define(flags *pflag.FlagSet, set optionSet) {
	flags.BoolVarP(&o.help, "help", "h", false, "")
	if set.build {
		flags.BoolVar(&o.undeploy, "undeploy", false, "")
		flags.BoolVar(&o.showTrace, "show-trace", false, "")
		flags.StringVar(&o.extraParams, "extra-params", "", "")
		flags.BoolVar(&o.hostPackages, "host-packages", false, "")
	}
	if set.manager {
		flags.StringVarP(&o.processManager, "process-manager", "P", "", "")
	}
	if set.outLink {
		flags.BoolVar(&o.noOutLink, "no-out-link", false, "")
	}
	if set.generation {
		flags.BoolVar(&o.rollback, "rollback", false, "")
		flags.StringVar(&o.switchGeneration, "switch-generation", "", "")
		flags.StringVar(&o.switchGeneration, "switch-to-generation", "", "")
		flags.BoolVar(&o.listGenerations, "list-generations", false, "")
		flags.StringVar(&o.deleteGenerations, "delete-generations", "", "")
		flags.BoolVar(&o.deleteAllGenerations, "delete-all-generations", false, "")
	}
	if set.deploy || set.activity || set.status {
		flags.StringVarP(&o.profile, "profile", "p", "processes", "")
	}
	if set.deploy {
		flags.StringVarP(&o.oldProfile, "old-profile", "o", "", "")
		flags.IntVar(&o.jobs, "jobs", max(4, 2*runtime.NumCPU()), "")
		flags.BoolVar(&o.dryRun, "dry-run", false, "")
		flags.BoolVar(&o.wait, "wait", false, "")
		flags.BoolVar(&o.noRollback, "no-rollback", false, "")
		flags.BoolVar(&o.restartDepends, "restart-dependents", false, "")
	}
	if set.runlevel {
		flags.StringVar(&o.runlevel, "runlevel", "", "")
	}
	if set.activity {
		flags.BoolVarP(&o.reverse, "reverse", "r", false, "")
	}
	if set.status || set.deploy {
		flags.BoolVar(&o.json, "json", false, "")
	}
	if set.directory {
		for _, directory := range o.directories() {
			flags.StringVar(directory.value, directory.name+"-dir", "", "")
		}
		flags.BoolVar(&o.disableUserChange, "force-disable-user-change", false, "")
	}
}

type directoryOption struct {
	name  string
	value *string
}

func (o *options) directories() []directoryOption {
	d := &o.dirs
	return []directoryOption{
		{"state", &d.State}, {"runtime", &d.Runtime}, {"log", &d.Log}, {"tmp", &d.Tmp},
		{"cache", &d.Cache}, {"spool", &d.Spool}, {"lock", &d.Lock}, {"lib", &d.Lib},
	}
}

// fromEnvironment fills in what no option gave.
func (o *options) fromEnvironment(flags *pflag.FlagSet) {
	for _, directory := range o.directories() {
		if !flags.Changed(directory.name + "-dir") {
			*directory.value = os.Getenv("NIXPROC_" + strings.ToUpper(directory.name) + "_DIR")
		}
	}
	if !flags.Changed("force-disable-user-change") && os.Getenv("NIXPROC_FORCE_DISABLE_USER_CHANGE") == "1" {
		o.disableUserChange = true
	}
}

// aliases are options with two names; an abbreviation means the first.
var aliases = map[string]string{"switch-to-generation": "switch-generation"}

// expandAbbreviation completes the name of an option if only one begins so.
func expandAbbreviation(flags *pflag.FlagSet) func(*pflag.FlagSet, string) pflag.NormalizedName {
	return func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if matches := beginning(flags, name); len(matches) == 1 {
			name = matches[0]
		}
		return pflag.NormalizedName(name)
	}
}

// beginning lists the options that an abbreviation may stand for; a name that
// is complete stands for itself.
func beginning(flags *pflag.FlagSet, name string) []string {
	var matches []string
	exact := false
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Name == name {
			exact = true
		}
		if _, alias := aliases[flag.Name]; !alias && strings.HasPrefix(flag.Name, name) {
			matches = append(matches, flag.Name)
		}
	})
	if exact {
		return []string{name}
	}
	sort.Strings(matches)
	return matches
}

// describe words an error of the option parser.
func describe(flags *pflag.FlagSet, err error) string {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		if matches := beginning(flags, name); len(matches) > 1 && unknown.GetSpecifiedShortnames() == "" {
			return fmt.Sprintf("option --%s is ambiguous: --%s", name, strings.Join(matches, ", --"))
		}
		if unknown.GetSpecifiedShortnames() != "" {
			return "unknown option -" + name
		}
		return "unknown option --" + name
	}
	var value *pflag.ValueRequiredError
	if errors.As(err, &value) {
		return fmt.Sprintf("option --%s needs a value", value.GetSpecifiedName())
	}
	return err.Error()
}
