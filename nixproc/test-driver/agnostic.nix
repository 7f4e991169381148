# Makes a suite's tests in virtual machines of NixOS, PROFILE.MANAGER, from modules
# that say how a process manager gets into a machine, and who the user is.
#
# A module of a process manager is a function. It gives
#   params                what the model, and each part of the suite, gets
#   nixosModules          of the machine
#   systemPackages        programs that the machine has
#   additionalPaths       store paths that the machine has
#   deployProcessManager  Python statements that start the process manager
#   deploySystem          those that deploy the model
# A module of a profile is a set of
#   params, nixosModules  likewise
#   deployArgs            options of the command that deploys
{ nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
, processManagerModules ? { }
, profileSettingModules ? { }
}:

let
  pkgs = import nixpkgs { inherit system; };
  inherit (pkgs) lib;

  tools = import ../../tools { inherit pkgs system; };
  callModel = import ../process/call-model.nix;

  inherit (import "${toString nixpkgs}/nixos/lib/testing-python.nix" { inherit system; }) makeTest;

  moduleOf = kind: modules: name:
    modules.${name} or (throw "there is no ${kind} '${name}' to test with: there are ${builtins.concatStringsSep ", " (builtins.attrNames modules)}");
in

{ name
, exprFile
, processManagers
, profiles
  # Further arguments of the model.
, extraParams ? { }
  # A module of NixOS, for what the services need of the machine.
, nixosConfig ? null
, systemPackages ? [ ]
  # Functions that give Python statements; `machine` is the machine. The first and
  # the last are for the machine as a whole, the others for each process.
, initialTests ? null
, readiness ? null
, tests ? null
, postTests ? null
}:

let
  test = profileSettings: processManager:
    let
      manager = import (moduleOf "process manager" processManagerModules processManager) {
        inherit profileSettings exprFile extraParams pkgs system tools;
      };

      processes = callModel (builtins.intersectAttrs (builtins.functionArgs callModel) manager.params // {
        inherit exprFile extraParams processManager pkgs system;
        given = manager.params;
      });

      once = part: lib.optionalString (part != null) (part ({ inherit processes; } // manager.params));

      each = part: more: lib.optionalString (part != null)
        (lib.concatMapStrings
          (instanceName: part ({ inherit instanceName; instance = processes.${instanceName}; } // more // manager.params))
          (builtins.attrNames processes));
    in
    makeTest {
      inherit name;

      nodes.machine = { lib, ... }: {
        imports = profileSettings.nixosModules
          ++ manager.nixosModules
          ++ lib.optional (nixosConfig != null) nixosConfig;

        virtualisation.additionalPaths = manager.additionalPaths;
        environment.systemPackages = [ tools.common ] ++ manager.systemPackages ++ systemPackages;

        # The machine has no network: asking a cache would only take time.
        nix.extraOptions = ''
          substitute = false
        '';
      };

      # Older drivers check the layout of statements, too, which is nothing to us.
      testScript = ''
        # fmt: off
        start_all()
      ''
      + manager.deployProcessManager
      + manager.deploySystem
      + once initialTests
      + each readiness { }
      + each tests { inherit processManager; }
      + once postTests;
    };
in
lib.genAttrs profiles (profile:
  lib.genAttrs processManagers (test (import (moduleOf "profile" profileSettingModules profile))))
