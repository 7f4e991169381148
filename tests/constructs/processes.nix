# A processes model of all that expressions in the wild do, in small: constructs_test.go
# says what is expected of each process.

{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, spoolDir ? "${stateDir}/spool"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, callingUser ? null
, callingGroup ? null
, processManager
, withOptional ? false
  # A path, or what a checkout for a build is: { outPath; rev; }
, framework ? { outPath = toString ../..; rev = 1; }
}:

let
  ids = if builtins.pathExists ./ids.nix then (import ./ids.nix).ids else { };

  constructors = import ./constructors.nix {
    inherit pkgs stateDir runtimeDir logDir tmpDir cacheDir libDir forceDisableUserChange processManager ids framework callingUser;
  };

  # There only if it is asked for, but others may depend on it.
  optional = if withOptional then { pkg = constructors.helper; } else null;
in
pkgs.lib.optionalAttrs withOptional { inherit optional; } // rec {
  # Two instances of one constructor; an attribute that is not the process's name.
  server = rec {
    port = ids.ports.server or 0;
    dnsName = "server.local";
    pkg = constructors.server { inherit port; };
    requiresUniqueIdsFor = [ "ports" "uids" "gids" ];
  };

  other = rec {
    port = 5001;
    dnsName = "other.local";
    pkg = constructors.server { inherit port; instanceSuffix = "-secondary"; };
  };

  # Whole processes in an attribute; a constructor that is applied twice.
  proxy = rec {
    servers = [ server other ];
    pkg = constructors.proxy { inherit servers; } { };
  };

  # The same, not applied: Disnix would give it what it depends on.
  late-proxy = {
    pkg = constructors.proxy { instanceSuffix = "-late"; servers = [ other ]; };
  };

  # A knot: the one's configuration names the package of the other, which depends on it.
  bus = {
    pkg = constructors.bus { services = [ agent ]; };
  };

  agent = {
    pkg = constructors.agent { inherit bus; providers = [ database ]; };
  };

  # A constructor that gives the process, not only its package.
  database = constructors.database {
    inherit (constructors) server;
    properties.requiresUniqueIdsFor = [ "uids" ];
  };

  worker = {
    pkg = constructors.worker { inherit server database optional; };
  };

  # A daemon only, with its own instructions where scripts are written.
  daemon = {
    pkg = constructors.daemon { };
  };
}
