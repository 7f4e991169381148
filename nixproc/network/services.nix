# Makes a services model of Disnix from a processes model. Each process is a
# service; one that is on machines with several process managers is a service for
# each of them.

{ exprFile
  # By the name of a service: { process, manager, type, after }.
, services
  # Directories and so on, as call-model.nix takes them.
, arguments
, extraParams
}:

{ pkgs, system, distribution, invDistribution }:

let
  managers = builtins.listToAttrs (map (service: { name = service.manager; value = null; }) (builtins.attrValues services));

  modelFor = builtins.mapAttrs
    (processManager: _: import ../process/call-model.nix (arguments // { inherit exprFile processManager pkgs system extraParams; }))
    managers;

  made = builtins.mapAttrs
    (name: service:
      let process = modelFor.${service.manager}.${service.process}; in
      {
        inherit name;
        inherit (service) type;
        pkg = if builtins.isFunction process.pkg then process.pkg { } else process.pkg;
        activatesAfter = builtins.listToAttrs (map (other: { name = other; value = made.${other}; }) service.after);
      })
    services;
in
made
