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

  nixprocBinary = import ../binary.nix { inherit pkgs; };

  # The package of a service is a link to a profile of that one process, which has all
  # that nixproc compares, and waits for. It is not the profile itself, since Disnix puts
  # all packages of a machine into one tree. That of the process manager Disnix is for
  # Dysnomia's own module, and s6-rc's are put together on the machine.
  packageOf = { manager, process, ... }:
    let
      value = modelFor.${manager}.${process};
      package = if builtins.isFunction value.pkg then value.pkg { } else value.pkg;
      name = import ../process/safe-name.nix (builtins.unsafeDiscardStringContext package.name);
    in
    if manager == "disnix" || manager == "s6-rc" then package
    else derivation {
      inherit name;
      system = builtins.currentSystem or system;
      builder = nixprocBinary;
      args = [ "build-service" ];
      __structuredAttrs = true;
      preferLocalBuild = true;
      allowSubstitutes = false;
      profile = "${import ../deployment.nix (arguments // {
        processManager = manager;
        inherit pkgs system name nixprocBinary;
        model = { name = process; value = { ${process} = value; }; };
      })}";
    };

  made = builtins.mapAttrs
    (name: service:
      {
        inherit name;
        inherit (service) type;
        pkg = packageOf service;
        activatesAfter = builtins.listToAttrs (map (other: { name = other; value = made.${other}; }) service.after);
      })
    services;
in
made
