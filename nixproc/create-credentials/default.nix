# Describes the groups and users that a process needs.
#
# The result is a package with the files that Dysnomia's tools read
# (dysnomia-support/groups/NAME and dysnomia-support/users/NAME); the same as
# plain data is in its attribute `nixprocAccounts`.

{ stdenv
, lib
  # Assigned numbers: ids.gids.NAME and ids.uids.NAME.
, ids ? { }
, forceDisableUserChange
, nixprocBinary ? import ../binary.nix { }
}:

{ groups ? { }, users ? { } }:

let
  text = builtins.mapAttrs (_: builtins.mapAttrs (_: toString));

  withNumber = attribute: pool: name: account:
    if account ? ${attribute} || !(pool ? ${name}) then account
    else account // { ${attribute} = pool.${name}; };

  homeOnly = user: {
    inherit (user) homeDir;
    createHomeDir = true;
    createHomeDirOnly = true;
  };

  keep = predicate: set: removeAttrs set
    (builtins.filter (name: !predicate set.${name}) (builtins.attrNames set));

  # A property that nobody knows has no effect, so it may be a slip of the pen.
  known = {
    group = [ "gid" "system" ];
    user = [ "uid" "group" "password" "description" "homeDir" "createHomeDir" "createHomeDirOnly" "shell" "system" ];
  };
  noticed = kind: name: account:
    let unknown = builtins.attrNames (removeAttrs account known.${kind}); in
    if unknown == [ ] then account
    else builtins.trace "warning: ${kind} '${name}': ${builtins.concatStringsSep ", " unknown}: there is no such property of a ${kind}" account;

  data =
    if forceDisableUserChange then {
      groups = { };
      users = text (builtins.mapAttrs (_: homeOnly) (keep (user: user.createHomeDir or false) users));
    } else {
      groups = text (builtins.mapAttrs (withNumber "gid" (ids.gids or { })) (builtins.mapAttrs (noticed "group") groups));
      users = text (builtins.mapAttrs (withNumber "uid" (ids.uids or { })) (builtins.mapAttrs (noticed "user") users));
    };
in
derivation
  {
    name = "credentials";
    system = builtins.currentSystem or stdenv.system;
    builder = nixprocBinary;
    args = [ "build-credentials" ];
    __structuredAttrs = true;
    preferLocalBuild = true;
    allowSubstitutes = false;
    credentials = data;
  } // {
  nixprocAccounts = data;
}
