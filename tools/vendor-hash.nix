# Digest of the Go modules that are built in, as Nixpkgs' buildGoModule takes it;
# a test tells when it is out of date.
"sha256-JFAnhcJU9XMdYvWb1cHZBAuXrq18pt6rpW1nO/c8bDU="
