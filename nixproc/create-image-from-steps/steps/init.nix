# The beginning of an image: what the user gives it by the names that the arguments
# of dockerTools.buildImage have.

{ pkgs, common, input, result }:

let
  ours = [ "name" "tag" "contents" "copyToRoot" "config" "created" "architecture" "fromImage" "runAsRoot" "extraCommands" ];

  known = (if pkgs ? dockerTools then pkgs.lib.functionArgs pkgs.dockerTools.buildImage else { })
    // builtins.listToAttrs (map (name: { inherit name; value = null; }) ours);

  given = builtins.intersectAttrs known input;

  list = value: if value == null then [ ] else if builtins.isList value then value else [ value ];

  set = removeAttrs given (builtins.filter (name: given.${name} == null) (builtins.attrNames given));
in
removeAttrs set [ "copyToRoot" ] // {
  contents = list (input.contents or null) ++ list (input.copyToRoot or null);
}
