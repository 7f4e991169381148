# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it;
# a test tells when it is out of date.
"sha256-IRJfxK1L2Ak/8h5Vbt60h+4uDCSONeACMf0i8onmFHs="
