# What init scripts find on the PATH.

{ pkgs, common, input, result }:

result // {
  contents = result.contents or [ ]
    ++ import ../../../create-image-from-steps/available.nix pkgs [ "sysvinit" "gnugrep" "coreutils" ];
}
