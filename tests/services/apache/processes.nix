{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

  page = instanceName: pkgs.runCommand "page-of-${instanceName}" { } ''
    mkdir -p $out
    echo '<!DOCTYPE html><title>Hello</title><p>Hello from ${instanceName}</p>' >$out/index.html
  '';

  # Only root may take a port below 1024.
  apache = instanceSuffix: number: rec {
    port = number + (if forceDisableUserChange then 8000 else 0);
    pkg = constructors.simpleWebappApache {
      inherit port instanceSuffix;
      documentRoot = page "apache${instanceSuffix}";
    };
  };
in
{
  apache = apache "" 80;
  apache-secondary = apache "-secondary" 81;
}
