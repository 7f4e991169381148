package tests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	serviceScripts = regexp.MustCompile(`^etc/s6/sv/[^/]*/(run|up|down)$`)
)

var s6rcDifferences = []difference{
	{
		name:     "services: a time to become ready",
		line:     "a log service has 30 s to be ready",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*-log/timeout-up$`),
		added:    true,
	},
	{
		name:     "services: the bundle of all has pipelines",
		line:     "the bundle of all services has the pipelines in it",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/default/contents$`),
		change:   replacing(`(?m)-srv$`, ""),
		profile:  true,
	},
	{
		name:     "services: s6-log's own account",
		line:     "what s6-log runs as is an account of each process that has a log service",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^dysnomia-support/(users|groups)/s6-log$`),
		added:    true,
	},
	{
		name:     "services: programs by their paths",
		line:     "programs of execline, s6 and coreutils are called by their paths",
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   plainPrograms,
		both:     true,
	},
	{
		name:     "services: s6-log is one of the system's accounts",
		line:     "its number is one of the system's own",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^dysnomia-support/(users|groups)/s6-log`),
		change:   replacing(`(?m)^system='1'\n`, ""),
		both:     true,
	},
	{
		name:     "oneshots: no interpreter is named",
		line:     form,
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*/(up|down)$`),
		change:   replacing(`\A#!.*\n`, ""),
	},
	{
		name:     "oneshots: what is said at the start",
		line:     "what a daemon's start says goes to `nixproc-INSTANCE.log`",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*/up$`),
		change:   replacing(`(?m)^redirfd -a 1 ".*/nixproc-.*\.log"\n`, ""),
		both:     true,
	},
	{
		name:     "oneshots: up waits for the pid file",
		line:     "`up` waits until the file names a process that lives",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*/up$`),
		change:   replacing(`(?m)^/bin/bash \S+-daemon \S+-init-functions start (?:-u "\S+" )?".*" ".*"\n`, ""),
		both:     true,
	},
	{
		name:     "oneshots: down waits for the end",
		line:     "`down` of a daemon uses its pid file",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*/down$`),
		change:   replacing(`(?m)^\n?backtick PID \{ cat (\S+) \}\nimportas -i PID PID\nkill \$PID$|^/bin/bash \S+-daemon \S+-init-functions stop (?:-u "\S+" )?"(\S+)" ".*"$`, "DOWN $1$2"),
		both:     true,
	},
	{
		name:     "services: exec",
		line:     form,
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   replacing(`(?m)^exec (/\S+)( ".*)? ?$`, `"$1"$2`),
	},
	{
		name:     "services: environment",
		line:     "each variable is exported as it is",
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   exportEach,
	},
	{
		name:     "services: initialization",
		line:     "a failed `initialize` ends the script",
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   initializeFirst,
	},
	{
		name:     "services: directories",
		line:     "a process without a `directory` runs in `/`",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*/(run|up)$`),
		change:   inDirectory,
	},
	{
		name:     "services: words are quoted",
		line:     "arguments, values and paths are quoted for execlineb",
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   replacing(`(?m)^(s6-setuidgid) ([^"\n]*)$`, `$1 "$2"`),
	},
	{
		name:     "services: what the initialization says is logged",
		line:     "what the initialization says goes to the log, too",
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   errorsFirst,
	},
	{
		name:     "log services",
		line:     "arguments, values and paths are quoted for execlineb",
		managers: []string{"s6-rc"},
		files:    regexp.MustCompile(`^etc/s6/sv/[^/]*-log/run$`),
		change:   logService,
	},
	{
		name:     "services: blank lines",
		line:     form,
		managers: []string{"s6-rc"},
		files:    serviceScripts,
		change:   replacing(`(?m)^\n`, ""),
		both:     true,
	},
}

var envFile = regexp.MustCompile(`(?m)^envfile (\S+)\n`)

func exportEach(text string) string {
	return envFile.ReplaceAllStringFunc(text, func(line string) string {
		var exports strings.Builder
		for variable := range strings.Lines(fileText(envFile.FindStringSubmatch(line)[1])) {
			if name, value, is := strings.Cut(strings.TrimSuffix(variable, "\n"), "="); is {
				fmt.Fprintf(&exports, "export %s \"%s\"\n", name, value)
			}
		}
		return exports.String()
	})
}

var initializeLine = regexp.MustCompile(`(?m)^foreground \{ (\S+-initialize) \}$`)

func initializeFirst(text string) string {
	return initializeLine.ReplaceAllStringFunc(text, func(line string) string {
		script, body, _ := strings.Cut(fileText(initializeLine.FindStringSubmatch(line)[1]), "\n")
		if script != "#! /bin/bash -e" {
			return line
		}
		return `if { /bin/bash -e -c "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.TrimSuffix(body, "\n")) + `" }`
	})
}

var directoryLine = regexp.MustCompile(`(?m)^execline-cd (.*)$`)

func inDirectory(text string) string {
	if strings.Contains(text, "s6-log") {
		return text
	}
	if directoryLine.MatchString(text) {
		return directoryLine.ReplaceAllString(text, `execline-cd "$1"`)
	}
	lines := strings.Split(text, "\n")
	at := slices.IndexFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "s6-setuidgid ") || strings.HasPrefix(line, "fdmove ")
	})
	return strings.Join(slices.Insert(lines, max(at, 0), `execline-cd "/"`), "\n")
}

func logService(text string) string {
	text = replacing(`(?m)^foreground \{ (mkdir -p|chown -R) (\S+:\S+ )?(/\S+) \}$`, `if { $1 -- $2"$3" }`)(text)
	text = strings.Replace(text, `s6-setuidgid "s6-log"`, "s6-setuidgid s6-log", 1)
	return replacing(`(?m)^(exec -c s6-log -d3) (/\S+)$`, `$1 -- "$2"`)(text)
}

func plainPrograms(text string) string {
	short := replacing(`(?m)(^|\{ |^exec -c )/\S+-(?:execline|s6|coreutils)/bin/`, "$1")
	return short(short(text))
}

// errorsFirst moves the line by which errors go where all else goes to the start.
func errorsFirst(text string) string {
	const line = "fdmove -c 2 1\n"
	before, after, is := strings.Cut(text, line)
	if !is {
		return text
	}
	if first, rest, shebang := strings.Cut(before, "\n"); shebang && strings.HasPrefix(first, "#!") {
		return first + "\n" + line + rest + after
	}
	return line + before + after
}
