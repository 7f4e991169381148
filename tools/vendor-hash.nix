# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it;
# a test tells when it is out of date.
"sha256-w4Te/+Paz0pxCrqlSZatrHd7gitXLndhsk1lqN0n5o4="
