# Adds to an image what is declared of its file system, all of which may be left
# out:
#
#   groups.NAME = { gid; members = [ USER … ]; };
#   users.NAME = { uid; group; description; homeDir; createHomeDir; shell; password; };
#   directories."/PATH" = { mode = "0755"; user; group; };
#   files."/PATH" = { text; mode = "0644"; user; group; };  # or source = a path
#   links."/PATH" = TARGET;
#   profiles = [ PROFILE … ];          # whose accounts the image has
#   generations."/PATH" = PROFILE;     # a Nix profile, in its first generation
#   database = true;                   # of Nix, with all that is in the image
#
# What is declared later goes first, but an account has to be the same each time.

result: data:

let
  before = result.image or { };

  set = name: before.${name} or { } // data.${name} or { };
  list = name: before.${name} or [ ] ++ data.${name} or [ ];

  # Both declarations of an account.
  agreed = kind: name: a: b:
    let
      differing = builtins.filter (key: key != "members" && a ? ${key} && a.${key} != b.${key}) (builtins.attrNames b);
      key = builtins.head differing;
    in
    if differing == [ ] then a // b // (if a ? members || b ? members then { members = a.members or [ ] ++ b.members or [ ]; } else { })
    else throw "two steps of the image declare the ${kind} '${name}', with the ${key} ${toString a.${key}} and ${toString b.${key}}";

  accounts = kind: attribute:
    builtins.mapAttrs
      (name: account:
        if before ? ${attribute} && before.${attribute} ? ${name} && data ? ${attribute} && data.${attribute} ? ${name}
        then agreed kind name before.${attribute}.${name} data.${attribute}.${name}
        else account)
      (set attribute);
in
result // {
  image = before // data // {
    groups = accounts "group" "groups";
    users = accounts "user" "users";
    directories = set "directories";
    files = set "files";
    links = set "links";
    generations = set "generations";
    profiles = list "profiles";
    database = before.database or false || data.database or false;
  };
}
