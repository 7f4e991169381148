package main

// ofDocuments break what the documents say, and what was found wrong when they
// were written.
var ofDocuments = []saboteur{
	{"a package on its own does not know its priority", "nixproc/process/package.nix",
		"sequence = attributes.priority - 1;", "sequence = 0;",
		"./tests", "TestPackagesOnTheirOwnAreInOrder"},
	{"a prebuilt profile is deployed to the usual directories", "cmd/nixproc/activate.go",
		"	if err := asDeployed(o, storePath); err != nil {", "	if err := error(nil); err != nil {",
		"./tests", "TestPrebuiltProfile"},
	{"an argument has another default than the document says", "nixproc/backends/sysvinit/create-sysvinit-script.nix",
		", minSequence ? 0\n", ", minSequence ? 1\n",
		"./tests", "TestListOfFunctions"},
	{"a command prints something else than the guide says", "cmd/nixproc/results.go",
		"%s: generation %d\\n", "%s: now generation %d\\n",
		"./tests", "TestGuide"},
}
