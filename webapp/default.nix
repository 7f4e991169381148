# The program that the examples and tests run as a process.
with import <nixpkgs> {};

stdenv.mkDerivation {
  name = "webapp";
  # A name of its own, since the checkout may lie in any folder; without a program that was built by hand.
  src = builtins.path {
    path = ./.;
    name = "webapp-src";
    filter = path: type: builtins.elem (baseNameOf path) [ "webapp.c" "Makefile" ];
  };
  makeFlags = [ "PREFIX=$(out)" ];
}
