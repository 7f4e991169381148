# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it:
# see vendor-hash.sh.
"sha256-9Q7ZQXaObJfxdiX9rjr39eYbUnSyQ3Xlv7iO0ShqNLg="
