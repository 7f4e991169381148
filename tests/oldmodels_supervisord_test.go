package tests

import (
	"regexp"
)

var programFiles = regexp.MustCompile(`^conf\.d/.*\.conf$`)

const oneProxy = "one script for all processes"

var supervisordDifferences = []difference{
	{
		name:     "programs: a blank after the last argument",
		line:     form,
		managers: []string{"supervisord"},
		files:    programFiles,
		change:   replacing(`(?m)^(command=.*\S) $`, "$1"),
	},
	{
		name:     "programs: one proxy for all",
		line:     oneProxy,
		managers: []string{"supervisord"},
		files:    programFiles,
		change:   proxies,
		both:     true,
	},
	{
		name:     "programs: directory",
		line:     "`directory` holds (D11)",
		managers: []string{"supervisord"},
		files:    programFiles,
		change:   noDirectory,
		both:     true,
	},
	{
		name:     "programs: quotes that no word needs",
		line:     form,
		managers: []string{"supervisord"},
		files:    programFiles,
		change:   replacing(` '(--[\w@%+=:,./-]+)'`, " $1"),
	},
	{
		name:     "programs: a semicolon in a variable begins a comment",
		line:     "`%`, `;`, `#`, quotes and line breaks in arguments and variables arrive as they are",
		managers: []string{"supervisord"},
		files:    programFiles,
		change:   replacing(`(\bHYDRA_DBI="[^";]*);([^";]*);"`, "$1%(program_name).0s;$2%(program_name).0s;\""),
	},
	{
		name:     "programs: a semicolon begins a comment",
		line:     "`%`, `;`, `#`, quotes and line breaks in arguments and variables arrive as they are",
		managers: []string{"supervisord"},
		files:    programFiles,
		change:   replacing(`(?m)^(command=.*daemon off);'$`, "$1'';'"),
	},
	{
		name:     "supervisord.conf: where supervisord is asked",
		line:     "supervisord is asked where the section `[supervisorctl]`",
		managers: []string{"supervisord"},
		files:    regexp.MustCompile(`^supervisord\.conf$`),
		change:   replacing(`\n\[supervisorctl\]\n?$`, "\n[supervisorctl]\nserverurl = http://127.0.0.1:9001\n"),
		profile:  true,
	},
}
