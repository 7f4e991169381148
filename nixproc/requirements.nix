# What the command has to know to assign unique IDs: the resources, the IDs that
# are assigned already, and what each process of a model requires. Nothing else
# of a process is evaluated, least of all its package.

{ exprFile ? null
, model ? null
, processManager
, idResourcesFile
  # Path of the file with the IDs so far; null if there is none.
, idsFile ? null
  # The attribute of a process that lists the resources.
, serviceProperty
  # Whether the model gets what a services model of Disnix does, even if it has
  # defaults of its own.
, asServices ? false
, stateDir ? null
, runtimeDir ? null
, logDir ? null
, cacheDir ? null
, spoolDir ? null
, lockDir ? null
, libDir ? null
, tmpDir ? null
, forceDisableUserChange ? null
, callingUser ? null
, callingGroup ? null
, extraParams ? { }
}:

let
  kindOf = import ./process/kind.nix;

  within = what: builtins.addErrorContext "while evaluating ${what}";

  processes = import ./process/call-model.nix {
    inherit exprFile model processManager stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir
      forceDisableUserChange callingUser callingGroup extraParams;
    given = if !asServices then { } else {
      system = builtins.currentSystem;
      pkgs = if model.pkgs or null != null then model.pkgs else import <nixpkgs> { system = builtins.currentSystem; };
      distribution = { };
      invDistribution = { };
    };
  };

  requirementsOf = name: process:
    let required = process.${serviceProperty} or null; in
    if !builtins.isAttrs process then throw "process '${name}' is ${kindOf process}, where a set is due"
    else if required == null then [ ]
    else if builtins.isList required then builtins.filter builtins.isString required
    else throw "process '${name}': attribute '${serviceProperty}' is ${kindOf required}, where a list is due";

  setAt = where: value:
    if builtins.isAttrs value then value
    else throw "${where} is ${kindOf value}, where a set is due";

  resources = setAt "--id-resources: ${idResourcesFile}" (import idResourcesFile);

  assigned = setAt "--ids: ${idsFile}" (import idsFile);

  poolOf = name: resource:
    builtins.intersectAttrs { min = null; max = null; } (setAt "--id-resources: ${name}" resource);

  strictly = value: builtins.deepSeq value value;
in
{
  resources = within "--id-resources" (strictly (builtins.mapAttrs poolOf resources));
  ids =
    if idsFile == null then null
    else within "--ids" (strictly {
      ids = builtins.mapAttrs (resource: setAt "--ids: ids.${resource}") (setAt "--ids: ids" (assigned.ids or { }));
      lastAssignments = setAt "--ids: lastAssignments" (assigned.lastAssignments or { });
    });
  requires = builtins.mapAttrs
    (name: process: within "process '${name}'" (strictly (requirementsOf name process)))
    processes;
}
