# The tools, and the model that they deploy, as /etc/nixproc/processes.nix. What the
# model needs as it is now is in the image, so that nothing has to be fetched.

{ pkgs, common, input, result }:

let
  tools = import ../../../tools { inherit pkgs; inherit (common) system; };

  # The name of a file of the user's, without what the store puts before it.
  nameOf = file:
    let
      name = baseNameOf (builtins.unsafeDiscardStringContext (toString file));
      stored = builtins.match "[0-9a-z]{32}-(.*)" name;
    in
    if stored == null then name else builtins.head stored;

  ownFile = attribute: pkgs.lib.optionalAttrs (input.${attribute} or null != null) {
    "/etc/nixproc/${nameOf input.${attribute}}".source = input.${attribute};
  };

  # What a switch in the container would not know by itself.
  settings = pkgs.lib.optional (input.stateDir != "/var") "NIXPROC_STATE_DIR=${input.stateDir}"
    ++ pkgs.lib.optional (input.runtimeDir != "${input.stateDir}/run") "NIXPROC_RUNTIME_DIR=${input.runtimeDir}"
    ++ pkgs.lib.optional input.forceDisableUserChange "NIXPROC_FORCE_DISABLE_USER_CHANGE=1";

  withModel = input.exprFile or null != null;
  profile = import ../profile.nix { inherit pkgs common input; } input.processManager;
in
import ../declare.nix
  (import ./nix-processmgmt-static.nix {
    inherit pkgs common input;
    result = result // {
      contents = result.contents or [ ] ++ [ tools.nixproc tools.common ];
      config = result.config or { } // {
        Env = result.config.Env or [ ] ++ [ "NIXPROC_PROCESSES=/etc/nixproc/processes.nix" ] ++ settings;
      };
    };
  })
  {
    files = {
      "/etc/nixproc/processes.nix" =
        if withModel then { source = input.exprFile; } else { source = ../processes-template.nix; };
    } // ownFile "idResourcesFile" // ownFile "idsFile";
    links = pkgs.lib.optionalAttrs (withModel && input.preload or true) {
      "/nix/var/nix/gcroots/processes" = "${profile}";
      # What an evaluation names and the profile does not need in the end.
      "/nix/var/nix/gcroots/processes-named" = "${pkgs.writeText "named" (builtins.toJSON profile.model)}";
    };
  }
