package tests

import (
	"regexp"
	"slices"
	"strings"
)

var processFiles = regexp.MustCompile(`^etc/dysnomia/process/`)

var disnixDifferences = []difference{
	{
		name:     "Disnix: what the target has installed",
		line:     "the manifest is made by us",
		managers: []string{"disnix"},
		files:    regexp.MustCompile(`^profilemanifest\.xml$`),
		added:    true,
	},
	{
		name:     "Disnix: pid files of the program's name",
		line:     "without `instanceName` and `pidFile`, the pid file is that of the program's name",
		managers: []string{"disnix"},
		files:    regexp.MustCompile(`^etc/dysnomia/process/(dbus-daemon|disnix-service)$`),
		change:   replacing(`(?m)^pidFile=\S+/run/(?:dbus-daemon|disnix-service)\.pid\n`, ""),
		both:     true,
	},
	{
		name:     "Disnix: what a wrapper says",
		line:     form,
		managers: []string{"disnix"},
		files:    processFiles,
		change:   withWrapper,
		both:     true,
	},
	{
		name:     "Disnix: variables are quoted, PATH comes first",
		line:     "variables, arguments and paths are quoted for the shell",
		managers: []string{"disnix"},
		files:    processFiles,
		change:   plainExports,
		both:     true,
	},
	{
		name:     "Disnix: foreground processes",
		line:     "the pid file of a foreground process names the program, not `daemon`, and is removed when the program ends",
		managers: []string{"disnix"},
		files:    processFiles,
		change:   foregroundWrapper,
		both:     true,
	},
	{
		name:     "Disnix: what a daemon prints",
		line:     "what a daemon prints goes to `nixproc-NAME.log` in the log directory",
		managers: []string{"disnix"},
		files:    processFiles,
		change:   replacing(`(?m)^if \[ -d \S+ \]; then\n  exec </dev/null >>\S+/nixproc-\S+\.log 2>&1\nfi\n|^(exec) ( )`, "$1$2"),
		both:     true,
	},
	{
		name:     "Disnix: a pid file in the directory for temporary files",
		line:     "a daemon that has its pid file in the directory for temporary files, unlike what it says, is known by that",
		managers: []string{"disnix"},
		files:    processFiles,
		change:   replacing(`(?m)^(.*)\nfor count in \{1\.\.200\}; do\n.*\n.*\ndone\nif \[ ! -e \S+/run/\S+\.pid \] && .*\n *ln -sf \S+\.pid \S+\.pid\nfi$`, "exec $1"),
		both:     true,
	},
	{
		name:     "Disnix: su with a shell",
		line:     "`su` is called with `-s` and the shell of the script, under Disnix, too",
		managers: []string{"disnix"},
		files:    processFiles,
		change:   replacing(`(?m)^(exec su \S+) (-c .*)$`, `$1 -s /bin/bash $2`),
	},
	{
		name:     "Disnix: quotes that no word needs, a blank after the last argument",
		line:     form,
		managers: []string{"disnix"},
		files:    processFiles,
		change:   plainWrapped,
	},
	{
		name:     "Disnix: blank lines, blanks after #!",
		line:     form,
		managers: []string{"disnix"},
		files:    processFiles,
		change:   replacing(`(?m)^\n|^(#!) `, "$1"),
		both:     true,
	},
	{
		name:     "packages: root makes the pid file and the log of a user",
		line:     "in such a directory root makes pid files and logs for the user of a process",
		managers: []string{"disnix"},
		files:    processFiles,
		change:   replacing(`(?m)^[ \t]*rm -f \S+\.pid\n[ \t]*\(set -C && : >\S+\.pid\)\n[ \t]*chown \S+ \S+\.pid\n|^[ \t]*if \[ ! -f .*; then\n[ \t]*rm -f \S+\n[ \t]*\(set -C && : >\S+\)\n[ \t]*chown \S+ \S+\n[ \t]*fi\n`, ""),
		both:     true,
	},
}

var wrapperLine = regexp.MustCompile(`(?m)^process=(\S+-process-wrapper)$`)

// withWrapper puts the text of a wrapper in the place of its path.
func withWrapper(text string) string {
	return wrapperLine.ReplaceAllStringFunc(text, func(line string) string {
		return "process:\n" + fileText(strings.TrimPrefix(line, "process="))
	})
}

var exportLines = regexp.MustCompile(`(?m)(^export \w+=.*\n)+`)

func plainExports(text string) string {
	return exportLines.ReplaceAllStringFunc(text, func(lines string) string {
		all := strings.SplitAfter(strings.NewReplacer("'", "", `"$PATH"`, "$PATH").Replace(lines), "\n")
		slices.Sort(all)
		return strings.Join(all, "")
	})
}

var (
	theirWrapped = regexp.MustCompile(`(?m)^exec  daemon --unsafe --inherit --output (\S+) --pidfile (\S+)( --user \S+)? -- (.*)$`)
	ourWrapped   = regexp.MustCompile(`(?m)^\S+/bin/daemon --unsafe --inherit --output (\S+)(?: --chdir \S+)?( --user \S+)? --umask "\$\(umask\)" -- /bin/bash -c '.*' sh (\S+) (.*)\nfor count in \{1\.\.100\}; do\n.*\n.*\ndone$`)
)

func foregroundWrapper(text string) string {
	text = theirWrapped.ReplaceAllString(text, "DAEMON $1 $2 $3 $4")
	return ourWrapped.ReplaceAllString(text, "DAEMON $1 $3 $2 $4")
}

func plainWrapped(text string) string {
	text = replacing(`(?m)^((?:exec|DAEMON) .*\S) $`, "$1")(text)
	return replacing(` '(--[\w@%+=:,./-]+)'`, " $1")(text)
}
