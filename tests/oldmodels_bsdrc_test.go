package tests

import (
	"fmt"
	"regexp"
	"strings"
)

var rcScripts = regexp.MustCompile(`^etc/rc\.d/[^/]*$`)

var bsdrcDifferences = []difference{
	{
		name:     "rc scripts: root makes the pid file and the log of a user",
		line:     "in such a directory root makes pid files and logs for the user of a process",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   withoutLending,
		both:     true,
	},
	{
		name:     "rc scripts: words that rc.subr would evaluate",
		line:     "through a file of its own where rc.subr would evaluate them",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   launchers,
		both:     true,
	},
	{
		name:     "rc scripts: LOGIN",
		line:     "a script without `requires` also requires LOGIN",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`\A#!/bin/sh\n(# PROVIDE: .*\n)(?:# REQUIRE: (.*)\n)?`, "#!/bin/sh\n$1# REQUIRE: $2 LOGIN\n"),
	},
	{
		name:     "rc scripts: blanks",
		line:     form,
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^\n|(# REQUIRE: ) +`, "$1"),
		both:     true,
	},
	{
		name:     "rc scripts: names as a shell's variables",
		line:     "characters in a name that a shell's variable can't have are `_`",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   shellNames,
	},
	{
		name:     "rc scripts: not enabled where nothing says so",
		line:     "a variable `NAME_enabled` that rc.conf lacks is NO",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^load_rc_config \$name\n`, "load_rc_config \"$$name\"\n"),
	},
	{
		name:     "rc scripts: the enabled variable has a default",
		line:     "a variable `NAME_enabled` that rc.conf lacks is NO",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^\[ -n "\$(\w+_enabled)" \] \|\| \w+_enabled=NO\n`, ""),
		both:     true,
	},
	{
		name:     "rc scripts: interpreters",
		line:     "a script is known by its interpreter",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^nixproc_interpreter\(\) \{\n(?:\t.*\n)*\}\nnixproc_interpreter \S+\n`, ""),
		both:     true,
	},
	{
		name:     "rc scripts: onereload",
		line:     "`onereload` works",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^extra_commands=reload\n`, ""),
		both:     true,
	},
	{
		name:     "rc scripts: daemon(8)",
		line:     "`command` is `/usr/sbin/daemon` for a foreground process, and `procname` the program",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^command=(?:/usr/sbin/)?daemon$|^procname=.*\n`, ""),
		both:     true,
	},
	{
		name:     "rc scripts: the pid file of daemon(8)",
		line:     "daemon(8) gets `-p` for a default pid file, too",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^(command_args=["']?)-p \S+ -o`, "$1-o"),
		both:     true,
	},
	{
		name:     "rc scripts: the log directory",
		line:     "logDir holds",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^(command_args=["']?-o )(?:/home/someone)?/var/log/nixproc-`, "${1}LOG/nixproc-"),
		both:     true,
	},
	{
		name:     "rc scripts: environment",
		line:     "the variables of the environment are exported by the script",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   exportedVariables,
		both:     true,
	},
	{
		name:     "rc scripts: a pid file in the directory for temporary files",
		line:     "a daemon that has its pid file in the directory for temporary files, unlike what it says, is known by that",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   replacing(`(?m)^start_postcmd=(\S+_poststart)\n\n?(\S+_poststart\(\) \{\n:\n)\{ n=0; until .* ln -sf \S+/tmp/\S+\.pid \S+/run/\S+\.pid; \}\n\}\n`, ""),
		both:     true,
	},
	{
		name:     "rc scripts: functions and quotes",
		line:     "words, paths and values arrive as they are",
		managers: []string{"bsdrc"},
		files:    rcScripts,
		change:   rcWords,
		both:     true,
	},
}

var rcName = regexp.MustCompile(`(?m)^name="(.*)"$`)

func shellNames(text string) string {
	m := rcName.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	id := strings.ReplaceAll(m[1], "-", "_")
	text = strings.Replace(text, m[0], "name="+id, 1)
	text = strings.ReplaceAll(text, "${name}_", id+"_")
	return regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(m[1])+`_`).ReplaceAllString(text, id+"_")
}

var (
	rcEnvFile = regexp.MustCompile(`(?m)^\w+_env_file=(\S+)\n`)
	rcPath    = regexp.MustCompile(`(?m)^PATH=(\S+)\nexport PATH\n|^export PATH=(\S+):"\$PATH"\n`)
	rcExport  = regexp.MustCompile(`(?m)^export (\w+)=(.*)\n`)
)

// exportedVariables puts all variables at the end, whoever sets them.
func exportedVariables(text string) string {
	variables := map[string]string{}
	text = rcEnvFile.ReplaceAllStringFunc(text, func(line string) string {
		for _, m := range regexp.MustCompile(`(?m)^(\w+)=(.*)$`).FindAllStringSubmatch(fileText(rcEnvFile.FindStringSubmatch(line)[1]), -1) {
			variables[m[1]] = m[2]
		}
		return ""
	})
	text = rcPath.ReplaceAllStringFunc(text, func(line string) string {
		m := rcPath.FindStringSubmatch(line)
		variables["PATH"] = m[1] + m[2]
		return ""
	})
	text = rcExport.ReplaceAllStringFunc(text, func(line string) string {
		m := rcExport.FindStringSubmatch(line)
		variables[m[1]] = m[2]
		return ""
	})
	return text + fmt.Sprintln(variables)
}

// rcWords takes off quotes that no word needs, and what is only the form of functions.
func rcWords(text string) string {
	text = replacing(`(?m)^(command_args|pidfile)=["']?(.*?)["']?$`, "$1=$2")(text)
	text = replacing(`(?m)^(start_precmd=.*)\n(\w+_prestart\(\)) ?\n?\{\n(?::\n)?\s*`, "$1\n$2 {\n")(text)
	return replacing(`'(-[\w@%+=:,./-]+)'`, "$1")(text)
}

var launcher = regexp.MustCompile(`(?m)^command=/bin/sh\ncommand_args=(\S+-launcher)$`)

// launchers puts what a file of words says in the place of its path.
func launchers(text string) string {
	return launcher.ReplaceAllStringFunc(text, func(lines string) string {
		words := strings.TrimPrefix(strings.TrimSpace(fileText(launcher.FindStringSubmatch(lines)[1])), "exec ")
		command, args, _ := strings.Cut(replacing(`'([\w@%+=:,./-]+)'`, "$1")(words), " ")
		return "command=" + command + "\ncommand_args=" + args
	})
}

var (
	lending = regexp.MustCompile(`(?m)^[ \t]*\{ \{ \[ -f .* chown \S+ \S+; \}; \} &&\n|^[ \t]*rm -f \S+ && \(set -C && : >\S+\) && chown \S+ \S+\n`)
	nothing = regexp.MustCompile(`(?m)^(\w+_prestart)\(\) ?\n?\{\n(?::\n)?\s*\}\n`)
)

// withoutLending takes out what makes files for a user, with the function that it
// is in if that is all of it.
func withoutLending(text string) string {
	text = lending.ReplaceAllString(text, "")
	if function := nothing.FindStringSubmatch(text); function != nil {
		text = strings.Replace(strings.Replace(text, function[0], "", 1), "start_precmd="+function[1]+"\n", "", 1)
	}
	return text
}
