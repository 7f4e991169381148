package main

// ofServices break what suites of tests rely on, and what services need to run.
var ofServices = []saboteur{
	{"who runs a container without privileges has no name in it", "lib/manager/docker/docker.go",
		`words = append(words, "--volume", file+":"+file+":ro")`, "",
		"./lib/manager/docker", "TestStart"},
	{"a machine has not the commands that deploy in it", "nixproc/backends/docker/test-module/default.nix",
		"tools.sysvinit tools.docker", "tools.docker",
		"./tests", "TestSuites"},
	{"an option that our commands do not know", "nixproc/backends/docker/test-module/default.nix",
		`"--state-dir" params.stateDir`, `"--state-dri" params.stateDir`,
		"./tests", "TestSuites"},
	{"tests come before all processes are ready", "nixproc/test-driver/agnostic.nix",
		"      + each readiness { }\n      + each tests { inherit processManager; }\n", "      + each tests { inherit processManager; }\n      + each readiness { }\n",
		"./tests", "TestOwnTestModules"},
	{"a suite does not hear of its manager's directories", "nixproc/test-driver/agnostic.nix",
		"// more // manager.params", "// more // profileSettings.params",
		"./tests", "TestOwnTestModules"},
}
