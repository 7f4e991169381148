package main

// ofMutableImages break what images need in which Nix works, and the packages that
// are put into them.
var ofMutableImages = []saboteur{
	{"images: Nix's database has the time of the build", "nixproc/create-image-from-steps/nix-database.nix",
		"UPDATE ValidPaths SET registrationTime = 1; ", "",
		"./tests", "TestNixDatabase"},
	{"images: what an image refers to is garbage", "lib/image/registration.go",
		"		if path.Path != planFile {\n			continue\n		}\n		for", "		if path.Path == planFile {\n			continue\n		}\n		for",
		"./lib/image", "TestDatabase"},
	{"images: the plan is registered, and not there", "lib/image/registration.go",
		"		if p.Path == planFile {\n", "		if p.Path == \"\" {\n",
		"./lib/image", "TestWriteRegistration"},
	{"images: the template of a model lacks an argument", "nixproc/create-image-from-steps/processes-template.nix",
		"inherit pkgs stateDir runtimeDir", "inherit pkgs runtimeDir",
		"./tests", "TestProcessesTemplate"},
	{"self-contained: programs have the host's loader", "nixproc/hostpkgs/self-contained/contain.sh",
		"--set-interpreter \"$containLoader\" ", "",
		"./tests", "TestSelfContainedPackages"},
	{"self-contained: what is built has the host's libraries", "nixproc/hostpkgs/stdenv/setup",
		"source \"$contain\"; containTree", "source \"$contain\"",
		"./tests", "TestSelfContainedPackages"},
	{"self-contained: nginx keeps bodies in a directory of the host", "nixproc/hostpkgs/self-contained/changes.nix",
		"#/tmp/////nginx_\\1#g", "#&#g",
		"./tests", "TestSelfContainedPackages"},
	{"self-contained: builds take the host's programs", "nixproc/hostpkgs/self-contained/default.nix",
		"    searchPath = lib.makeBinPath tools + ", "    searchPath = ",
		"./tests", "TestSelfContainedPackagesInSandbox"},
}
