package render

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/quote"
)

// rcScript is a script for rc.subr(8) of FreeBSD.
type rcScript struct {
	process  string
	name     string // of the script, for a shell
	requires []string
	spec     bsdrcSpec
}

// afterLogin is the condition that holds once the machine is up, with its
// network: a script that requires nothing would be started before, at boot.
const afterLogin = "LOGIN"

func (script rcScript) text() []byte {
	var b bytes.Buffer
	script.writeHeader(&b)
	script.writeSettings(&b)
	script.writeCommands(&b)
	script.writeEnvironment(&b)
	if script.spec.FlexibleParameters {
		b.WriteString("run_rc_command \"$@\"\n")
	} else {
		b.WriteString("run_rc_command \"$1\"\n")
	}
	return b.Bytes()
}

func (script rcScript) writeHeader(b *bytes.Buffer) {
	spec := &script.spec
	b.WriteString("#!/bin/sh\n\n")
	requires := script.requires
	if len(spec.Requires) == 0 {
		requires = append(slices.Clone(requires), afterLogin)
	}
	for _, line := range []struct {
		keyword string
		words   []string
	}{{"PROVIDE", spec.Provides}, {"REQUIRE", requires}, {"KEYWORD", spec.Keywords}} {
		if len(line.words) > 0 {
			fmt.Fprintf(b, "# %s: %s\n", line.keyword, strings.Join(line.words, " "))
		}
	}
	fmt.Fprintf(b, "\n. %s\n\nname=%s\n", quote.Shell(spec.Settings.RCSubr), script.name)
	if spec.RCVar != nil {
		fmt.Fprintf(b, "rcvar=%s_%s\n", script.name, *spec.RCVar)
	}
	b.WriteString("\nload_rc_config \"$name\"\n")
	defaults := maps.Clone(spec.RCVarsDefaults)
	if defaults == nil {
		defaults = map[string]string{}
	}
	if spec.RCVar != nil && defaults[*spec.RCVar] == "" {
		defaults[*spec.RCVar] = "NO"
	}
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		variable := script.name + "_" + name
		fmt.Fprintf(b, "[ -n \"$%s\" ] || %s=%s\n", variable, variable, quote.Shell(defaults[name]))
	}
	b.WriteByte('\n')
}

// interpreter tells rc.subr who runs a script: ps(1) shows that one's name first.
const interpreter = `
nixproc_interpreter() {
	[ -r "$1" ] && read -r nixproc_line <"$1" || return 0
	case $nixproc_line in '#!'*) ;; *) return 0 ;; esac
	set -- ${nixproc_line#??}
	case $1 in */env) shift ;; esac
	command_interpreter=$1
}
`

func (script rcScript) writeSettings(b *bytes.Buffer) {
	spec := &script.spec
	set := func(name, value string) {
		fmt.Fprintf(b, "%s=%s\n", name, quote.Shell(value))
	}
	// rc.subr evaluates the value as a part of a shell command. What would not
	// survive that is the value of another variable.
	setEvaluated := func(name, value string) {
		if quote.Shell(value) != value {
			set("nixproc_"+name, value)
			value = `"$nixproc_` + name + `"`
		}
		set(name, value)
	}
	optional := func(name string, value *string) {
		if value != nil {
			set(script.name+"_"+name, *value)
		}
	}
	list := func(name string, words []string) {
		if len(words) > 0 {
			set(name, strings.Join(words, " "))
		}
	}
	if spec.Umask != nil {
		fmt.Fprintf(b, "umask %s\n", *spec.Umask)
	}
	switch {
	case spec.Launcher != nil:
		set("command", "/bin/sh")
		set("command_args", *spec.Launcher)
	case len(spec.Words) > 0:
		set("command", spec.Words[0])
		list("command_args", spec.Words[1:])
	}
	if spec.Procname != nil {
		set("procname", *spec.Procname)
	}
	if spec.PIDFile != nil {
		setEvaluated("pidfile", *spec.PIDFile)
	}
	list("required_dirs", spec.RequiredDirs)
	list("required_files", spec.RequiredFiles)
	list("required_vars", spec.RequiredVars)
	list("required_modules", spec.RequiredModules)
	if spec.ReloadSignal != spec.Settings.DefaultReloadSignal {
		set("sig_reload", spec.ReloadSignal)
	}
	if spec.StopSignal != spec.Settings.DefaultStopSignal {
		set("sig_stop", spec.StopSignal)
	}
	optional("nice", spec.Nice)
	if spec.Directory != nil {
		setEvaluated(script.name+"_chdir", *spec.Directory)
	}
	optional("user", spec.User)
	optional("fib", spec.FIB)
	optional("limits", spec.Limits)
	optional("login_class", spec.LoginClass)
	optional("oomprotect", spec.OOMProtect)
	if spec.Procname != nil {
		fmt.Fprintf(b, "%snixproc_interpreter %s\n", interpreter, quote.Shell(*spec.Procname))
	}
}

// writeCommands writes the author's shell, as functions that rc.subr calls.
func (script rcScript) writeCommands(b *bytes.Buffer) {
	commands := script.commands()
	var extra []string
	if len(script.spec.Words) > 0 {
		extra = append(extra, "reload") // rc.subr knows how, but not that
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		if !slices.Contains(script.spec.Settings.BuiltinCommands, name) && !slices.Contains(extra, name) {
			extra = append(extra, name)
		}
	}
	if len(extra) > 0 {
		fmt.Fprintf(b, "extra_commands=%s\n", quote.Shell(strings.Join(extra, " ")))
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		for _, part := range []struct{ key, variable, function string }{
			{"pre", name + "_precmd", script.name + "_pre" + name},
			{"implementation", name + "_cmd", script.name + "_" + name},
			{"post", name + "_postcmd", script.name + "_post" + name},
		} {
			if text, given := commands[name][part.key]; given {
				fmt.Fprintf(b, "\n%s=%s\n%s() {\n:\n%s}\n", part.variable, part.function, part.function, withNewline(text))
			}
		}
	}
}

// commands are the author's, with what has to be done for a user whose pid file
// and log daemon(8) writes, and for a daemon whose pid file may be elsewhere.
func (script rcScript) commands() map[string]map[string]string {
	spec := &script.spec
	lends := !spec.CommandIsDaemon && spec.User != nil && spec.PIDFile != nil
	if !lends && spec.OtherPIDFile == nil {
		return spec.Commands
	}
	commands := maps.Clone(spec.Commands)
	if commands == nil {
		commands = map[string]map[string]string{}
	}
	start := maps.Clone(commands["start"])
	if start == nil {
		start = map[string]string{}
	}
	if lends {
		start["pre"] = withNewline(start["pre"])
		if spec.LogFile != nil {
			start["pre"] += lendLog(*spec.LogFile, *spec.User) + " &&\n"
		}
		start["pre"] += lend(*spec.PIDFile, *spec.User)
	}
	if spec.OtherPIDFile != nil {
		start["post"] = withNewline(start["post"]) + sysvinit.FollowPIDFile(*spec.PIDFile, *spec.OtherPIDFile)
	}
	commands["start"] = start
	return commands
}

// writeEnvironment exports the variables. What is in a PATH, given or made of
// the packages in path, comes before the system's programs, which rc.subr needs.
func (script rcScript) writeEnvironment(b *bytes.Buffer) {
	b.WriteByte('\n')
	environment := maps.Clone(script.spec.Environment)
	if environment == nil {
		environment = map[string]string{}
	}
	if _, given := environment["PATH"]; !given && len(script.spec.Path) > 0 {
		bins := make([]string, len(script.spec.Path))
		for i, pkg := range script.spec.Path {
			bins[i] = pkg + "/bin"
		}
		environment["PATH"] = strings.Join(bins, ":")
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if name == "PATH" {
			fmt.Fprintf(b, "export PATH=%s:\"$PATH\"\n", quote.Shell(environment[name]))
			continue
		}
		fmt.Fprintf(b, "export %s=%s\n", name, quote.Shell(environment[name]))
	}
}
