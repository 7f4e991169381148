# What the command has to know to spread a processes model over a network: the
# machines, the processes and what they depend on, and the distribution, if
# somebody has written one. All of it is plain data; no package is built.

{ exprFile ? null
  # With which the model is called; names and dependencies hardly depend on it.
, processManager
  # That of machines that do not say which they have.
, machineManager ? ""
, infrastructureFile
  # Those by which Disnix reaches machines that do not say how.
, clientInterface ? "disnix-ssh-client"
, targetProperty ? "hostname"
  # Path of a distribution model of Disnix; null: the command distributes.
, distributionFile ? null
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

  within = what: value: builtins.addErrorContext "while evaluating ${what}" (builtins.deepSeq value value);

  infrastructure =
    let value = import infrastructureFile; in
    if builtins.isAttrs value then value
    else throw "--infrastructure: ${infrastructureFile} is ${kindOf value}, where a set of machines is due";

  managerOf = name: target:
    if !builtins.isAttrs target then throw "--infrastructure: machine '${name}' is ${kindOf target}, where a set is due"
    else if !builtins.isAttrs (target.properties or { }) then throw "--infrastructure: machine '${name}': properties is ${kindOf target.properties}, where a set is due"
    else if !builtins.isAttrs (target.containers or { }) then throw "--infrastructure: machine '${name}': containers is ${kindOf target.containers}, where a set is due"
    else target.properties.processManager or target.containers.nixproc-process.processManager or machineManager;

  # How Disnix reaches a machine, unless the environment says otherwise, and what it
  # hands on to our module there.
  reachOf = name: target:
    let
      property = target.targetProperty or targetProperty;
      container = target.containers.nixproc-process or { };
    in
    {
      address =
        let address = target.properties.${property} or ""; in
        if builtins.isString address then address
        else throw "--infrastructure: machine '${name}': properties.${property} is ${kindOf address}, where a string is due";
      inherit property;
      client = target.clientInterface or clientInterface;
      container =
        if builtins.isAttrs container then builtins.mapAttrs (_: handedOn) (without (value: value == null) container)
        else throw "--infrastructure: machine '${name}': containers.nixproc-process is ${kindOf container}, where a set is due";
    };

  without = predicate: set: removeAttrs set (builtins.filter (name: predicate set.${name}) (builtins.attrNames set));

  # A property as Disnix hands it on.
  handedOn = value:
    if builtins.isList value then builtins.concatStringsSep " " (map handedOn value)
    else if builtins.isAttrs value && !(value ? outPath) then ""
    else toString value;

  # Disnix's own models look much the same, and are for disnix-env.
  servicesModel = what: throw "${toString exprFile} is a services model of Disnix (${what}): disnix-env deploys it; over a network goes a processes model";

  arguments =
    let value = import exprFile; in
    if exprFile != null && builtins.isFunction value then builtins.functionArgs value else { };

  processes = if arguments.distribution or arguments.invDistribution or true == false then servicesModel "it takes the argument 'distribution'" else import ./process/call-model.nix {
    inherit exprFile processManager stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir
      forceDisableUserChange callingUser callingGroup extraParams;
  };

  packageOf = process:
    if builtins.isFunction process.pkg then process.pkg { }
    else if builtins.isString process.pkg then { name = baseNameOf process.pkg; } # a store path
    else process.pkg;

  nameOf = package: builtins.unsafeDiscardStringContext (package.nixproc.name or package.name);

  whereIs = name: process:
    let position = builtins.unsafeGetAttrPos name process; in
    if !(process ? ${name}) then "" else if position == null then name else "${name} at ${position.file}:${toString position.line}";

  describe = attribute: process:
    if !builtins.isAttrs process then throw "process '${attribute}' is ${kindOf process}, where a set with an attribute 'pkg' is due"
    else if process ? dependsOn || process ? connectsTo then servicesModel "${whereIs "dependsOn" process}${whereIs "connectsTo" process} of '${attribute}'"
    else if !(process ? pkg) then throw "process '${attribute}' has no attribute 'pkg'"
    else if !builtins.isAttrs (packageOf process) then throw "process '${attribute}' has ${kindOf (packageOf process)} as 'pkg', where a package is due"
    else {
      name = nameOf (packageOf process);
      after = (packageOf process).nixproc.dependencies or (map (dependency: nameOf (dependency.pkg or dependency)) ((packageOf process).dependencies or [ ]));
    };

  # Disnix evaluates the model once more, and can be told no more than plain data.
  plain = value:
    if builtins.isPath value then toString value
    else if builtins.isList value then map plain value
    else if builtins.isAttrs value && !(value ? outPath) then builtins.mapAttrs (_: plain) value
    else if builtins.isFunction value then throw "--extra-params has a function in it: over a network goes plain data only"
    else value;

  # A target of a distribution, which may be in either of Disnix's two forms.
  machinesOf = attribute: value:
    let
      list = if value ? nixprocMachine then throw "--distribution: '${attribute}' is a machine, where a list of them is due" else if builtins.isAttrs value then map (mapping: mapping.target) (value.targets or [ ])
        else if builtins.isList value then value
        else throw "--distribution: '${attribute}' is ${kindOf value}, where a list of machines is due";
    in
    map (target: target.nixprocMachine or (throw "--distribution: '${attribute}' is on something that is no machine of the infrastructure")) list;

  distribution =
    let model = import distributionFile; in
    if !builtins.isFunction model then throw "--distribution: ${distributionFile} is ${kindOf model}, where a function of { infrastructure } is due"
    else if builtins.any (name: name != "infrastructure" && !(builtins.functionArgs model).${name}) (builtins.attrNames (builtins.functionArgs model)) then
      throw "--distribution: ${distributionFile} takes more than { infrastructure }, which is all that it gets"
    else
      let value = model { infrastructure = builtins.mapAttrs (name: target: target // { nixprocMachine = name; }) infrastructure; }; in
      if builtins.isAttrs value then builtins.mapAttrs machinesOf value
      else throw "--distribution: ${distributionFile} gives ${kindOf value}, where a set of lists of machines is due";
in
{
  machines = within "--infrastructure" (builtins.mapAttrs managerOf infrastructure);
  reach = within "--infrastructure" (builtins.mapAttrs reachOf infrastructure);
  processes = builtins.mapAttrs (attribute: process: within "process '${attribute}'" (describe attribute process)) processes;
  distribution = if distributionFile == null then null else within "--distribution" distribution;
  extraParams = within "--extra-params" (plain extraParams);
}
