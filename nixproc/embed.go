// Package nixproc holds the Nix files of the framework, so that the command
// works without a checkout beside it. It knows nothing about their use.
package nixproc

import "embed"

// Deployment is the expression that a switch evaluates.
//
//go:embed deployment.nix
var Deployment string

// HostPackages is a nixpkgs-shaped set of this host's own programs, with the
// files that it takes from elsewhere in this tree.
//
//go:embed hostpkgs backends/sysvinit/init-functions.sh
var HostPackages embed.FS
