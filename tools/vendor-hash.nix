# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it;
# a test tells when it is out of date.
"sha256-nLHfQJKztN0Y/aY8WWhal7rBCfXjMLZCzWi88U8Xpk0="
