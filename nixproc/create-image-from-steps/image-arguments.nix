# The names, in a set, of what the user gives an image by the names that the
# arguments of dockerTools.buildImage have, also where there is no dockerTools.

{ pkgs }:

(if pkgs ? dockerTools then pkgs.lib.functionArgs pkgs.dockerTools.buildImage else { })
// builtins.listToAttrs (map (name: { inherit name; value = null; }) [
  "name"
  "tag"
  "contents"
  "copyToRoot"
  "config"
  "created"
  "architecture"
  "fromImage"
  "runAsRoot"
  "extraCommands"
])
