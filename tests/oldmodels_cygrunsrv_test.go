package tests

import (
	"regexp"
	"strings"
)

var parameterFiles = regexp.MustCompile(`-cygrunsrvparams$`)

var cygrunsrvDifferences = []difference{
	{
		name:     "parameters: the command line as one",
		line:     oneProxy,
		managers: []string{"cygrunsrv"},
		files:    parameterFiles,
		change:   oneCommandLine,
		both:     true,
	},
	{
		name:     "parameters: quotes",
		line:     "arguments are quoted as cygrunsrv reads them, variables not at all",
		managers: []string{"cygrunsrv"},
		files:    parameterFiles,
		change:   cygrunsrvQuotes,
	},
	{
		name:     "parameters: one proxy for all",
		line:     oneProxy,
		managers: []string{"cygrunsrv"},
		files:    parameterFiles,
		change:   proxies,
		both:     true,
	},
	{
		name:     "parameters: directory",
		line:     "`nice`, `umask` and `directory` hold for daemons, too",
		managers: []string{"cygrunsrv"},
		files:    parameterFiles,
		change:   noDirectory,
		both:     true,
	},
}

// cygrunsrvQuotes takes the quotes of a shell off variables, and off what is no
// more than one word for cygrunsrv.
func cygrunsrvQuotes(text string) string {
	text = replacing(`(?m)^'([A-Z_]+=[^'\n]*)'$`, "$1")(text)
	command, rest, _ := strings.Cut(text, "\n")
	return replacing(` '([^' ]*)'`, " $1")(command) + "\n" + rest
}

var programAndArguments = regexp.MustCompile(`\A--path\n(.*)\n(--disp\n.*\n)(?:--args\n(.*)\n)?`)

// oneCommandLine puts the program and its arguments into one line, the first.
func oneCommandLine(text string) string {
	return programAndArguments.ReplaceAllStringFunc(text, func(lines string) string {
		m := programAndArguments.FindStringSubmatch(lines)
		return strings.TrimSuffix(m[1]+" "+m[3], " ") + "\n" + m[2]
	})
}
