// Package examples holds the constructors of services that the Nix files of the
// framework refer to, so that the command works without a checkout beside it.
package examples

import "embed"

// Files are those of the constructors.
//
//go:embed services-agnostic
var Files embed.FS
