# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it:
# see vendor-hash.sh.
"sha256-25pF2DEHuVjqY6/FDaMEeaWuvn8o4eJxY5BMFl804jc="
