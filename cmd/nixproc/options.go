package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"nixproc/lib/statedir"
)

// optionSet says which groups of options a command takes.
type optionSet struct {
	build      bool // evaluation: --show-trace, --extra-params, --host-packages, --undeploy
	stateless  bool // without a profile: no --undeploy
	compare    bool // comparison with what is deployed: --profile, --old-profile, …
	deploy     bool // deployment: --jobs, --dry-run, …
	goBack     bool // other generations: --rollback, --switch-generation
	generation bool // all generations: --list-generations, --delete-generations, …
	runlevel   bool // sysvinit's --runlevel
	userUnits  bool // systemd's --user
	atBoot     bool // bsdrc's --enable-at-boot
	manager    bool // --process-manager
	outLink    bool // --no-out-link
	directory  bool // the directories and --force-disable-user-change
	scan       bool // --state-dir and --runtime-dir
	activity   bool // --reverse
	status     bool // --json
	profile    bool // --profile alone
	recovery   bool // recover: those of deploy that make sense there
	config     bool // agnostic configurations: --create-managed-process-expr
	ids        bool // where unique IDs come from: --id-resources, --ids, …
	idsOutput  bool // where they go: --output-file, --output-xml
	image      bool // images: --output, --name, --tag, …
	network    bool // machines: --infrastructure, --distribution, --rollback, …
	coordinate bool // the coordinator's profile
	spread     bool // deployment to machines: --dry-run, --jobs, --timeout
	suites     bool // suites of tests: --variant, --junit, …
}

// options are the values of all options of all commands.
type options struct {
	help bool

	undeploy, showTrace, noOutLink bool
	extraParams, hostPackagesDir   string
	hostPackages                   bool
	processManager, createExpr     string
	infrastructure, distribution   string
	takeOver                       bool

	rollback, listGenerations, deleteAllGenerations bool
	switchGeneration, deleteGenerations             string

	profile, oldProfile, runlevel            string
	jobs                                     int
	timeout                                  int // seconds; 0 leaves each program its own
	dryRun, wait, noRollback, restartDepends bool
	keepGoing                                bool
	showValues                               bool
	reverse, json, userUnits, enableAtBoot   bool

	idResources, ids, serviceProperty, outputFile string
	outputXML                                     bool
	idScope                                       string
	newIDs                                        *newIDs // not an option: what was made of them

	given func(name string) bool // whether the command line has an option

	output, imageName, imageTag    string
	oci, plain                     bool
	suiteProfiles, variants, junit string
	keep, interactive              bool

	dirs              statedir.Dirs
	disableUserChange bool
}

const (
	usualProfile  = "processes"
	usualNetwork  = "network" // Disnix's profile for what goes to several machines
	usualProperty = "requiresUniqueIdsFor"
)

// parse reads a command line (see getopt). Where an option comes more than
// once, the last one counts.
func parse(name string, set optionSet, args []string) (*options, []string, error) {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	o := &options{given: flags.Changed}
	o.define(flags, set)
	_, strict := os.LookupEnv("POSIXLY_CORRECT")
	settings, operands, err := getopt(flags, args, strict)
	if err == nil {
		err = apply(flags, settings)
	}
	if err == nil && (set.deploy || set.recovery || set.suites || set.spread) && o.jobs < 1 {
		err = fmt.Errorf("option --jobs: %d is not 1 or more", o.jobs)
	}
	if err == nil && o.keepGoing && o.noRollback {
		err = errors.New("options --keep-going and --no-rollback: the one goes on where a process fails, the other ends there")
	}
	if err == nil && (o.timeout < 0 || flags.Changed("timeout") && o.timeout == 0) {
		err = fmt.Errorf("option --timeout: %d is not 1 or more", o.timeout)
	}
	if err != nil {
		return nil, nil, usageError{fmt.Sprintf("%s: %v\nnixproc %s --help lists the options", name, err, name)}
	}
	if o.profile == "" {
		o.profile = usualProfile
		if set.coordinate {
			o.profile = usualNetwork
		}
	}
	if set.directory || set.scan {
		o.fromEnvironment(flags)
	}
	for _, directory := range o.directories() {
		if *directory.value == "" {
			continue
		}
		if (set.image || set.network) && !filepath.IsAbs(*directory.value) {
			return nil, nil, usageError{fmt.Sprintf("--%s-dir: %s has to begin with a slash: it is elsewhere, not below the working directory", directory.name, *directory.value)}
		}
		if *directory.value, err = filepath.Abs(*directory.value); err != nil {
			return nil, nil, err
		}
	}
	return o, operands, nil
}

// mayBeEmpty are the options for which an empty value means the default.
var mayBeEmpty = regexp.MustCompile("^(.*-dir|extra-params|runlevel|profile|old-profile)$")

func apply(flags *pflag.FlagSet, settings []setting) error {
	for _, given := range settings {
		name, value := given.flag.Name, given.value
		switch {
		case isSwitch(given.flag):
			value = "true"
		case value == "" && !mayBeEmpty.MatchString(name):
			return fmt.Errorf("option --%s needs a value", name)
		case strings.ContainsRune(value, 0) || !utf8.ValidString(value):
			return fmt.Errorf("option --%s: %q is not UTF-8 text", name, value)
		}
		if err := flags.Set(name, value); err != nil {
			return fmt.Errorf("option --%s: %q is no whole number", name, value)
		}
	}
	return nil
}

func (o *options) define(flags *pflag.FlagSet, set optionSet) {
	flags.BoolVarP(&o.help, "help", "h", false, "")
	if set.build {
		if !set.stateless {
			flags.BoolVar(&o.undeploy, "undeploy", false, "")
		}
		flags.BoolVar(&o.showTrace, "show-trace", false, "")
		flags.StringVar(&o.extraParams, "extra-params", "", "")
		flags.BoolVar(&o.hostPackages, "host-packages", false, "")
	}
	if set.manager {
		flags.StringVarP(&o.processManager, "process-manager", "P", "", "")
	}
	if set.config {
		flags.StringVar(&o.createExpr, "create-managed-process-expr", "", "")
		flags.BoolVar(&o.showTrace, "show-trace", false, "")
		flags.BoolVar(&o.hostPackages, "host-packages", false, "")
	}
	if set.outLink {
		flags.BoolVar(&o.noOutLink, "no-out-link", false, "")
	}
	if set.network {
		flags.StringVarP(&o.infrastructure, "infrastructure", "i", "", "")
		flags.StringVarP(&o.distribution, "distribution", "d", "", "")
		flags.BoolVar(&o.rollback, "rollback", false, "")
		flags.BoolVar(&o.wait, "wait", false, "")
		flags.BoolVar(&o.takeOver, "take-over", false, "")
		flags.StringVar(&o.idScope, "id-scope", "network", "")
	}
	if set.spread {
		flags.IntVar(&o.jobs, "jobs", 4, "")
		flags.IntVar(&o.timeout, "timeout", 0, "")
		flags.BoolVar(&o.dryRun, "dry-run", false, "")
	}
	if set.coordinate {
		flags.StringVarP(&o.profile, "profile", "p", usualNetwork, "")
		flags.BoolVar(&o.json, "json", false, "")
	}
	if set.goBack {
		flags.BoolVar(&o.rollback, "rollback", false, "")
		flags.StringVar(&o.switchGeneration, "switch-generation", "", "")
		flags.StringVar(&o.switchGeneration, "switch-to-generation", "", "")
	}
	if set.generation {
		flags.BoolVar(&o.listGenerations, "list-generations", false, "")
		flags.StringVar(&o.deleteGenerations, "delete-generations", "", "")
		flags.BoolVar(&o.deleteAllGenerations, "delete-all-generations", false, "")
	}
	if set.compare || set.activity || set.status || set.profile || set.recovery {
		flags.StringVarP(&o.profile, "profile", "p", usualProfile, "")
	}
	if set.compare {
		flags.StringVarP(&o.oldProfile, "old-profile", "o", "", "")
		flags.BoolVar(&o.restartDepends, "restart-dependents", false, "")
	}
	if set.compare || set.recovery {
		flags.BoolVar(&o.wait, "wait", false, "")
	}
	if set.deploy {
		flags.BoolVar(&o.noRollback, "no-rollback", false, "")
	}
	if set.deploy || set.recovery {
		flags.BoolVar(&o.keepGoing, "keep-going", false, "")
		flags.IntVar(&o.jobs, "jobs", max(4, 2*runtime.NumCPU()), "")
		flags.IntVar(&o.timeout, "timeout", 0, "")
		flags.BoolVar(&o.dryRun, "dry-run", false, "")
		flags.BoolVar(&o.showValues, "show-values", false, "")
	}
	if set.runlevel {
		flags.StringVar(&o.runlevel, "runlevel", "", "")
	}
	if set.userUnits {
		flags.BoolVar(&o.userUnits, "user", false, "")
	}
	if set.atBoot {
		flags.BoolVar(&o.enableAtBoot, "enable-at-boot", false, "")
	}
	if set.activity {
		flags.BoolVarP(&o.reverse, "reverse", "r", false, "")
	}
	if set.status || set.compare || set.recovery {
		flags.BoolVar(&o.json, "json", false, "")
	}
	if set.suites {
		flags.StringVarP(&o.processManager, "process-manager", "P", "", "")
		flags.StringVar(&o.suiteProfiles, "profile", "", "")
		flags.StringVar(&o.variants, "variant", "", "")
		flags.IntVar(&o.jobs, "jobs", max(2, 2*runtime.NumCPU()), "")
		flags.IntVar(&o.timeout, "timeout", 0, "")
		flags.BoolVar(&o.keep, "keep", false, "")
		flags.BoolVar(&o.interactive, "interactive", false, "")
		flags.StringVar(&o.junit, "junit", "", "")
		flags.BoolVar(&o.json, "json", false, "")
		flags.BoolVar(&o.showTrace, "show-trace", false, "")
		flags.BoolVar(&o.hostPackages, "host-packages", false, "")
	}
	if set.scan {
		for _, directory := range o.directories()[:2] {
			flags.StringVar(directory.value, directory.name+"-dir", "", "")
		}
	}
	if set.ids {
		flags.StringVar(&o.idResources, "id-resources", "", "")
		flags.StringVar(&o.ids, "ids", "", "")
		flags.StringVar(&o.serviceProperty, "service-property", usualProperty, "")
	}
	if set.idsOutput {
		flags.StringVar(&o.outputFile, "output-file", "", "")
		flags.BoolVar(&o.outputXML, "output-xml", false, "")
	}
	if set.image {
		flags.StringVarP(&o.output, "output", "o", "", "")
		flags.StringVar(&o.imageName, "name", "", "")
		flags.StringVar(&o.imageTag, "tag", "", "")
		flags.BoolVar(&o.oci, "oci", false, "")
		flags.BoolVar(&o.plain, "no-interactive", false, "")
	}
	if set.directory {
		for _, directory := range o.directories() {
			flags.StringVar(directory.value, directory.name+"-dir", "", "")
		}
		flags.BoolVar(&o.disableUserChange, "force-disable-user-change", false, "")
	}
}

func (o *options) logDir() string { return o.dirs.Resolved(runtime.GOOS).Log }

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

// managerOptions are the words of the command line that a later command needs to
// find the same process manager, and to treat it in the same way.
func (o *options) managerOptions() []string {
	var words []string
	for _, directory := range o.directories() {
		if *directory.value != "" {
			words = append(words, "--"+directory.name+"-dir="+*directory.value)
		}
	}
	if o.runlevel != "" {
		words = append(words, "--runlevel="+o.runlevel)
	}
	for _, option := range []struct {
		name  string
		given bool
	}{{"user", o.userUnits}, {"enable-at-boot", o.enableAtBoot}, {"force-disable-user-change", o.disableUserChange}} {
		if option.given {
			words = append(words, "--"+option.name)
		}
	}
	return words
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
