// Package nixproc holds the Nix files of the framework, so that the command
// works without a checkout beside it. It knows nothing about their use.
package nixproc

import (
	"embed"
	"strings"
)

// Deployment is the expression that a switch evaluates. It is given to Nix as
// text, so the files that it imports are part of it.
var Deployment = complete(deployment)

// Requirements is the expression that the assignment of IDs evaluates.
var Requirements = complete(requirements)

// FlakeModel is the function that finds a model among the outputs of a flake.
var FlakeModel = complete(flakeModel)

// Network is the expression that tells what a network is to have.
var Network = complete(network)

//go:embed network.nix
var network string

//go:embed process/flake-model.nix
var flakeModel string

//go:embed deployment.nix
var deployment string

//go:embed requirements.nix
var requirements string

//go:embed process/call-model.nix
var callModel string

//go:embed process/kind.nix
var kind string

// complete puts the imported files into an expression.
func complete(expression string) string {
	expression = strings.ReplaceAll(expression, "import ./process/call-model.nix", "("+callModel+")")
	return strings.NewReplacer("import ./kind.nix", "("+kind+")", "import ./process/kind.nix", "("+kind+")").Replace(expression)
}

// Files are all Nix files of the framework, with the scripts that they take.
//
//go:embed *.nix backends create-credentials create-image-from-steps create-managed-process hostpkgs network process test-driver
var Files embed.FS

// Of the Files, HostPackages are those of a nixpkgs-shaped set of this host's own
// programs, the directory hostpkgs.
var HostPackages = []string{"hostpkgs", "backends/sysvinit/init-functions.sh"}
