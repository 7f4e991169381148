# This set as a flake, to stand for Nixpkgs where there is none:
#
#   nix run --impure --no-write-lock-file --override-input nixpkgs path:nixproc/hostpkgs .#nixproc -- …
{
  description = "A nixpkgs-shaped set made of this host's own programs";

  outputs = _: {
    lib = (import ./. { system = "x86_64-linux"; }).lib; # the same for all
    legacyPackages = builtins.listToAttrs (map
      (system: { name = system; value = import ./. { inherit system; }; })
      [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ]);
  };
}
