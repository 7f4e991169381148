# The beginning of an image: what the user gives it by the names that the arguments
# of dockerTools.buildImage have.

{ pkgs, common, input, result }:

let
  given = builtins.intersectAttrs (import ../image-arguments.nix { inherit pkgs; }) input;

  list = value: if value == null then [ ] else if builtins.isList value then value else [ value ];

  set = removeAttrs given (builtins.filter (name: given.${name} == null) (builtins.attrNames given));
in
removeAttrs set [ "copyToRoot" ] // {
  contents = list (input.contents or null) ++ list (input.copyToRoot or null);
}
