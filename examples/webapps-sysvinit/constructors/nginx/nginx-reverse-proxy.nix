# nginx that passes each request on to the web application whose name it asks for.
{ createSystemVInitScript, stdenv, lib, writeTextFile, nginx, runtimeDir, stateDir, cacheDir, logDir, forceDisableUserChange }:

{ port ? 80
, webapps ? []
, instanceSuffix ? ""
, instanceName ? "nginx${instanceSuffix}"
, workerConnections ? 1024
}:

interDependencies:

let
  nginxStateDir = "${stateDir}/${instanceName}";
in
import ./default.nix {
  inherit createSystemVInitScript lib nginx runtimeDir cacheDir forceDisableUserChange;
  stateDir = nginxStateDir;
} {
  inherit instanceName;

  dependencies = map (webapp: webapp.pkg) webapps
    ++ map (dependency: dependency.pkgs.${stdenv.system}) (builtins.attrValues interDependencies);

  configFile = import ../../../services-agnostic/constructors/nginx/reverse-proxy-config.nix { inherit lib writeTextFile; } {
    inherit port webapps interDependencies workerConnections;
    pidFile = "${runtimeDir}/${instanceName}.pid";
    logDir = "${nginxStateDir}/logs";
    cacheDir = "${cacheDir}/${instanceName}";
    user = if forceDisableUserChange then null else instanceName;
  };
}
