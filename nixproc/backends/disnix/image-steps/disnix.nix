# Disnix and Dysnomia, where these packages have them: nothing that is deployed
# needs them to start, but a switch in the container does.

{ pkgs, common, input, result }:

result // {
  contents = result.contents or [ ]
    ++ import ../../../create-image-from-steps/available.nix pkgs [ "disnix" "dysnomia" ];
}
