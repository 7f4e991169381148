# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it:
# see vendor-hash.sh.
"sha256-uoCMjm/GpiDKVsjqsNu6yx2LnfF3G/oQU8mS44V9we8="
