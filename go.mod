module nixproc

go 1.26

require (
	github.com/gofrs/flock v0.13.1
	github.com/hashicorp/go-multierror v1.1.1
	github.com/nix-community/go-nix v0.0.0-20250101154619-4bdde671e0a1
	github.com/spf13/pflag v1.0.10
)

require (
	github.com/hashicorp/errwrap v1.0.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
