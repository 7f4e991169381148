# nginx that passes each request on to the web application whose name it asks for.
{ createManagedProcess, stdenv, lib, writeTextFile, nginx, runtimeDir, stateDir, cacheDir, forceDisableUserChange }:

{ port ? 80
, webapps ? []
, instanceSuffix ? ""
, instanceName ? "nginx${instanceSuffix}"
, workerConnections ? 1024
}:

interDependencies:

import ./default.nix {
  inherit createManagedProcess lib nginx stateDir runtimeDir cacheDir forceDisableUserChange;
} {
  inherit instanceName;

  dependencies = map (webapp: webapp.pkg) webapps
    ++ map (dependency: dependency.pkgs.${stdenv.system}) (builtins.attrValues interDependencies);

  configFile = import ./reverse-proxy-config.nix { inherit lib writeTextFile; } {
    inherit port webapps interDependencies workerConnections;
    pidFile = "${runtimeDir}/${instanceName}.pid";
    logDir = "${stateDir}/${instanceName}/logs";
    cacheDir = "${cacheDir}/${instanceName}";
    user = if forceDisableUserChange then null else instanceName;
  };
}
