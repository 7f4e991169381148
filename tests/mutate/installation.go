package main

// ofInstallation are what is installed, and how.
var ofInstallation = []saboteur{
	{"a hyphen in a manual page is none", "lib/usage/manual.go",
		"\"-\", `\\-`, ", "",
		"./lib/usage", "TestManual"},
	{"a line of a manual page may be a request", "lib/usage/manual.go",
		`strings.HasPrefix(line, ".") ||`, `strings.HasPrefix(line, "..") ||`,
		"./lib/usage", "TestManual"},
	{"completion offers the generations of all managers", "cmd/nixproc/deployed.go",
		`manager != "" && owner != "" && owner != manager`, `owner == "nobody"`,
		"./tests", "TestCompletionLeavesAllAsItIs"},
	{"bash completes --profile=NAME as three words", "cmd/nixproc/completion/bash",
		`words[n-1]+='='`, `words[n++]='='`,
		"./tests", "TestCompletionInShells"},
	{"packages of the old names have the manual pages, too", "tools/commands.nix",
		"for command in $(cat $commands); do", "mkdir -p $out/share/man/man1; ln -s $nixproc/share/man/man1/nixproc.1 $out/share/man/man1/\n    for command in $(cat $commands); do",
		"./tests", "TestInstalledByNixEnv"},
	{"a shutdown undeploys", "nixos/default.nix",
		"= stopping ]", "= nothing ]",
		"./tests", "TestNixOSModule"},
	{"a rebuild starts everything anew", "nixos/default.nix",
		"reloadIfChanged = true", "reloadIfChanged = false",
		"./tests", "TestNixOSModule"},
}
