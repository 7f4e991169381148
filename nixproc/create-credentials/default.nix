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

  data =
    if forceDisableUserChange then {
      groups = { };
      users = text (builtins.mapAttrs (_: homeOnly) (keep (user: user.createHomeDir or false) users));
    } else {
      groups = text (builtins.mapAttrs (withNumber "gid" (ids.gids or { })) groups);
      users = text (builtins.mapAttrs (withNumber "uid" (ids.uids or { })) users);
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
