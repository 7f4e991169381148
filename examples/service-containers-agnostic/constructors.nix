# Constructor functions for services that are containers of Disnix, too: other
# services can be deployed into them.
{ pkgs
, stateDir
, logDir ? "${stateDir}/log"
, runtimeDir ? "${stateDir}/run"
, cacheDir ? "${stateDir}/cache"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
, ids ? {}
}:

let
  services = import ../services-agnostic/constructors/constructors.nix {
    inherit pkgs stateDir logDir runtimeDir cacheDir libDir tmpDir forceDisableUserChange processManager ids;
  };
in
{
  extendableSupervisord = import ./extendable.nix {
    inherit libDir;
    inherit (pkgs) stdenv;
    supervisordConstructorFun = services.extendableSupervisord;
    dysnomia = pkgs.dysnomia.override (_: { enableSupervisordProgram = true; });
  };
}
