# Evaluates a NixOS module, and writes the units that it defines as NixOS does.
# There is no Nixpkgs here: this is as much of its module system, in its terms, as
# the module needs. Types are checked, and what is set has to be an option.
{ pkgs
, module
, settings # of services.nixproc
, environment ? { } # of all units, besides their own
, mutableUsers ? true
}:

let
  type = name: check: { inherit name check; };
  types = rec {
    attrs = type "set" builtins.isAttrs;
    bool = type "true or false" builtins.isBool;
    enum = values: type "one of ${builtins.concatStringsSep ", " values}" (value: builtins.elem value values);
    nullOr = other: type "null or ${other.name}" (value: value == null || other.check value);
    package = type "package" (value: value.type or null == "derivation");
    raw = type "anything" (_: true);
    str = type "text" builtins.isString;
    strMatching = pattern: type "text like ${pattern}" (value: builtins.isString value && builtins.match pattern value != null);
  };
  lib = pkgs.lib // {
    inherit types;
    mkOption = option: option;
    mkEnableOption = what: { type = types.bool; default = false; description = "Whether to enable ${what}."; };
    mkIf = condition: content: if condition then content else { };
  };

  evaluated = import module { inherit config lib pkgs; };

  options = evaluated.options.services.nixproc;
  config = {
    users = { inherit mutableUsers; };
    virtualisation.docker.enable = false;
    services.nixproc = builtins.mapAttrs
      (name: option:
        let value = settings.${name} or option.default or (throw "services.nixproc.${name} is not set"); in
        if option.type.check value then value else throw "services.nixproc.${name} is not ${option.type.name}")
      options;
  };

  services =
    let
      unknown = builtins.attrNames (removeAttrs settings (builtins.attrNames options));
      failed = builtins.filter (a: !a.assertion) (evaluated.config.assertions or [ ]);
      known = [ "assertions" "environment" "systemd" ];
    in
    if unknown != [ ] then throw "there is no option services.nixproc.${builtins.head unknown}"
    else if failed != [ ] then throw (builtins.head failed).message
    else if removeAttrs evaluated.config known != { } then throw "options are set that are not known here"
    else evaluated.config.systemd.services or { };

  lines = name: values: builtins.concatStringsSep "" (map (value: "${name}=${toString value}\n") values);
  word = value: if value == true then "true" else if value == false then "false" else toString value;

  # nixos/lib/systemd-lib.nix
  unit = name: service:
    let
      given = removeAttrs service
        [ "description" "wantedBy" "after" "wants" "requires" "reloadIfChanged" "restartIfChanged" "path" "environment" "serviceConfig" ];
      path = service.path or [ ] ++ [ pkgs.coreutils pkgs.findutils pkgs.gnugrep pkgs.gnused pkgs.systemd ];
      variables = { PATH = builtins.concatStringsSep ":" (map (package: "${package}/bin:${package}/sbin") path); } // environment // service.environment or { };
    in
    if given != { } then throw "the unit ${name} has ${builtins.head (builtins.attrNames given)}, which is not known here"
    else ''
      [Unit]
      Description=${service.description}
      ${lines "After" service.after or [ ]}${lines "Wants" service.wants or [ ]}${lines "Requires" service.requires or [ ]}
      [Service]
      ${lines "Environment" (map (name: "\"${name}=${variables.${name}}\"") (builtins.attrNames variables))}${
        lib.optionalString service.reloadIfChanged or false "X-ReloadIfChanged=true\n"}${
        lib.optionalString (!service.restartIfChanged or true) "X-RestartIfChanged=false\n"}${
        builtins.concatStringsSep "" (map (name: "${name}=${word service.serviceConfig.${name}}\n") (builtins.attrNames service.serviceConfig))}
    '';
in
pkgs.runCommand "units" { } (''
  mkdir -p $out
'' + builtins.concatStringsSep "" (map
  (name: ''
    cp ${pkgs.writeText "unit" (unit name services.${name})} $out/${name}.service
    for target in ${toString services.${name}.wantedBy or [ ]}; do
      mkdir -p $out/$target.wants
      ln -s ../${name}.service $out/$target.wants/
    done
  '')
  (builtins.attrNames services)))
