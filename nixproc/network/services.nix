# Makes a services model of Disnix from a processes model. Each process is a
# service; one that is on machines with several process managers is a service for
# each of them.

{ exprFile
  # By the name of a service: { process, manager, after }.
, services
  # Directories and so on, as call-model.nix takes them.
, arguments
, extraParams
}@given:

{ pkgs, system, distribution, invDistribution }:

let
  modelFor = import ./call-models.nix (given // { arguments = arguments // { inherit pkgs system; }; });

  nixprocBinary = import ../binary.nix { inherit pkgs; };

  # The package of a service is a link to a profile of that one process, which has all
  # that nixproc compares, and waits for. It is not the profile itself, since Disnix puts
  # all packages of a machine into one tree. s6-rc's are put together on the machine.
  packageOf = { manager, process, ... }:
    let
      value = modelFor.${manager}.${process};
      package = if builtins.isFunction value.pkg then value.pkg { } else value.pkg;
      name = import ../process/safe-name.nix (builtins.unsafeDiscardStringContext (package.name or (baseNameOf package)));
    in
    if manager == "s6-rc" then package
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
        type = "nixproc-process";
        pkg = packageOf service;
        activatesAfter = builtins.listToAttrs (map (other: { name = other; value = made.${other}; }) service.after);
      })
    services;
in
made
