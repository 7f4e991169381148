// Package nixproc holds the Nix files of the framework, so that the command
// works without a checkout beside it. It knows nothing about their use.
package nixproc

import (
	"embed"
	"strings"
)

// Deployment is the expression that a switch evaluates. It is given to Nix as
// text, so the file that it imports is part of it.
var Deployment = strings.ReplaceAll(deployment, "import ./process/kind.nix", "("+kind+")")

//go:embed deployment.nix
var deployment string

//go:embed process/kind.nix
var kind string

// HostPackages is a nixpkgs-shaped set of this host's own programs, with the
// files that it takes from elsewhere in this tree.
//
//go:embed hostpkgs backends/sysvinit/init-functions.sh
var HostPackages embed.FS
