# Gives the name of an image and its tag back, if docker takes them.

{ name, tag }:

let
  component = "[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*";
  fits = pattern: value: builtins.isString value && builtins.match pattern value != null;

  refuse = what: value: why: throw "docker can't have an image with the ${what} ${builtins.toJSON value}: ${why}";
in
{
  name =
    if !fits "([a-zA-Z0-9.-]+(:[0-9]+)?/)?${component}(/${component})*" name
    then refuse "name" name "it takes lower case letters, digits, and single - . _ between them"
    else if builtins.stringLength name > 255 then refuse "name" name "it has more than 255 characters"
    else if fits "[0-9a-f]{64}" name then refuse "name" name "it takes that for an image's ID"
    else name;

  # Without one, a part of the archive's store path is taken.
  tag =
    if tag == null || fits "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}" tag then tag
    else refuse "tag" tag "it takes up to 128 letters, digits, and - . _, but no - or . in front";
}
