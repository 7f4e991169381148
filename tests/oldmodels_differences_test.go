package tests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// differences are the kinds, in the order in which they are applied.
var differences = slices.Concat(accountDifferences, profileDifferences, sysvinitDifferences, systemdDifferences, supervisordDifferences, cygrunsrvDifferences, dockerDifferences, disnixDifferences,
	launchdDifferences, s6rcDifferences, bsdrcDifferences)

// form is the line for what no program sees.
const form = "what a profile's texts look like"

var profileDifferences = []difference{
	{
		name:  "nixproc.json",
		line:  "every profile has a `nixproc.json`",
		files: regexp.MustCompile(`^nixproc\.json$`),
		added: true,
	},
}

var accounts = regexp.MustCompile(`^dysnomia-support/(groups|users)/`)

var accountDifferences = []difference{
	{
		name:   "account files: every value is quoted",
		line:   "account files are written as data",
		files:  accounts,
		change: replacing(`(?m)^(\w+)=([^'\n]*)$`, "$1='$2'"),
	},
	{
		name:   "account files: blank lines",
		line:   form,
		files:  accounts,
		change: replacing(`(?m)^\n`, ""),
		both:   true, // ours has one under Disnix, so that packages stay as they were
	},
	{
		name:   "account files: the order of the lines",
		line:   form,
		files:  accounts,
		change: sortedLines,
	},
}

func sortedLines(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

var initScripts = regexp.MustCompile(`^etc/rc\.d/init\.d/`)

var sysvinitDifferences = []difference{
	{
		name:     "rcN.d that is a link",
		line:     "an `rcN.d` with the same links as an earlier one is a link to it",
		managers: []string{"sysvinit"},
		files:    regexp.MustCompile(`^etc/rc\.d/rc.\.d$`),
		added:    true,
	},
	{
		name:     "init scripts: the LSB's header",
		line:     "the header ends in `### END INIT INFO`",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   lsbHeader,
	},
	{
		name:     "init scripts: blanks after #!, indentation",
		line:     form,
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^(#!) |^  (start\)|;;|log_info_msg|statusproc|\$0 stop|echo "Usage)`, "$1$2"),
	},
	{
		name:     "init scripts: messages are literal",
		line:     "messages are literal",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^log_info_msg "([^"'$\\]*)"$`, "log_info_msg '$1'"),
	},
	{
		name:     "init scripts: restart without a pause",
		line:     "`restart` has no pause",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^\$0 stop\nsleep 1\n\$0 start$`, "\"$$0\" stop\n\"$$0\" start"),
	},
	{
		name:     "init scripts: an unknown activity",
		line:     "an unknown activity exits with 2",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^echo "Usage: \$0 (\{[a-z|]*\})"\nexit 1$`, "echo \"Usage: $$0 \"'$1' >&2\nexit 2"),
	},
	{
		name:     "init scripts: PATH is quoted",
		line:     "arguments, paths and values are quoted for the shell",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^(export PATH=\S+):\$PATH$`, `$1:"$$PATH"`),
	},
	{
		name:     "init scripts: foreground processes",
		line:     "the pid file of a foreground process names the program, not `daemon`",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   foregroundStart,
	},
	{
		name:     "init scripts: whose a pid file may be",
		line:     "a pid file is believed if root or the caller has made it",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^_lsb_user=\S+\n`, ""),
		both:     true,
	},
	{
		name:     "init scripts: root makes the pid file and the log of a user",
		line:     "in such a directory root makes pid files and logs for the user of a process",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^\{ (?:pidofproc -p \S+ \S+ >/dev/null|\{ \[ -f .* esac; \}) \|\| \{ rm -f (\S+) && \(set -C && : >\S+\) && chown \S+ \S+; \}; \} &&\n`, ""),
		both:     true,
	},
	{
		name:     "init scripts: a pid file in the directory for temporary files",
		line:     "a daemon that has its pid file in the directory for temporary files, unlike what it says, is known by that",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m) &&\n\{ n=0; until \[ -e (\S+)/run/(\S+)\.pid \] .*; done; .* ln -sf \S+/tmp/\S+\.pid \S+/run/\S+\.pid; \}$`, ""),
		both:     true,
	},
	{
		name:     "init scripts: su with a shell",
		line:     "`su` is called with `-s` and the shell of the script",
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^(start_daemon .*)\$\(type -p su\) (\S+) (-c .*)$`, `${1}su $2 -s /bin/bash $3`),
	},
	{
		name:     "init scripts: a pid file where none was given",
		line:     "no function looks for processes by name",
		managers: []string{"sysvinit"},
		files:    regexp.MustCompile(`/init\.d/(dbus-daemon|disnix-service)$`),
		change:   replacing(`(?m)^(start_daemon|killproc|statusproc)(?: -f)?(?: -p \S+/run/(?:dbus-daemon|disnix-service)\.pid)? +`, "$1 "),
		both:     true,
	},
	{
		name:     "init scripts: quotes that no word needs, blanks between words",
		line:     form,
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   plainInvocations,
	},
	{
		name:     "init scripts: blank lines",
		line:     form,
		managers: []string{"sysvinit"},
		files:    initScripts,
		change:   replacing(`(?m)^\n`, ""),
		both:     true,
	},
}

// lsbHeader writes the header of an init script as the LSB has it.
func lsbHeader(text string) string {
	lines := regexp.MustCompile(`(?ms)^## BEGIN INIT INFO\n(.*)^## END INIT INFO$`).FindStringSubmatch(text)
	if lines == nil {
		return text
	}
	fields := map[string]string{}
	for _, field := range regexp.MustCompile(`(?m)^# (\S+): +(.*)$`).FindAllStringSubmatch(lines[1], -1) {
		fields[field[1]] = field[2]
	}
	header := "### BEGIN INIT INFO\n"
	for _, name := range []string{"Provides", "Should-Start", "Should-Stop", "Default-Start", "Default-Stop", "Description"} {
		if value, is := fields[name]; is {
			header += fmt.Sprintf("# %-18s %s\n", name+":", value)
		}
	}
	return strings.Replace(text, lines[0], header+"### END INIT INFO", 1)
}

var foregroundLine = regexp.MustCompile(`(?m)^(?:cd (\S+)\n)?(\S+/bin/daemon) --unsafe --inherit --output (\S+) --pidfile (\S+)( --user \S+)? -- (.*)$`)

// foregroundStart has start_daemon start daemon(1), which has the shell write the
// pid file.
func foregroundStart(text string) string {
	return foregroundLine.ReplaceAllStringFunc(text, func(line string) string {
		m := foregroundLine.FindStringSubmatch(line)
		before, options, note := "", "", `rm -f "$1" && set -C && `
		if m[5] != "" {
			note = "" // root has made the file
		}
		if m[1] != "" {
			before, options = "cd "+m[1]+" &&\n", " --chdir "+m[1]
		}
		return fmt.Sprintf(`%sstart_daemon -f -p %[4]s %[2]s --unsafe --inherit --output %[3]s%[6]s%[5]s -- /bin/bash -c '%[8]secho "$$" >"$1" && shift && exec "$@"' sh %[4]s %[7]s`,
			before, m[2], m[3], m[4], m[5], options, m[6], note)
	})
}

var invocation = regexp.MustCompile(`(?m)^(?:start_daemon|killproc|statusproc|export) .*$`)

func plainInvocations(text string) string {
	return invocation.ReplaceAllStringFunc(text, func(line string) string {
		line = strings.TrimSuffix(strings.ReplaceAll(line, "  ", " "), " ")
		return replacing(`( |=)'(-[\w@%+=:,./-]+)'`, "$1$2")(line)
	})
}
