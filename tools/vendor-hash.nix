# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it;
# a test tells when it is out of date.
"sha256-CJ0+c4fCstJaZxX8zQlnE2GLLTwD3mYEkgtnA4QJ5v0="
