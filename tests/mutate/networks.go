package main

// ofNetworks break what a deployment to several machines relies on.
var ofNetworks = []saboteur{
	{"processes that depend on each other are put apart", "lib/network/distribute.go",
		"parent[root(process.Attribute)] = root(dependency)", "_ = root(dependency)",
		"./lib/network", "TestDistribute"},
	{"a machine that goes moves what was elsewhere", "lib/network/distribute.go",
		"weight := mix(machine ^ own)", "weight := mix(machine^own) % uint64(len(marks)) * uint64(i+1)",
		"./lib/network", "TestDistributionIsStable"},
	{"two that come together keep the same ID", "lib/network/ids.go",
		"has && !taken[holding{resource, number}]", "has",
		"./lib/network", "TestAssignPerMachine"},
	{"a changed process counts as kept", "lib/network/services.go",
		`action = "restart"`, `action = "keep"`,
		"./lib/network", "TestCompare"},
	{"a dependency on another manager's machine is no dependency", "lib/network/services.go",
		"append(after[process.Attribute], names[dependency]...)", "append(after[process.Attribute], names[dependency][0])",
		"./lib/network", "TestServices"},
	{"our module starts nothing", "tools/dysnomia-module/nixproc-process",
		`exec "$nixproc" deploy -p "$profile"`, `exec true "$nixproc" deploy -p "$profile"`,
		"./tests", "TestNetworkByOurModule"},
}
