# What disnix-env has Disnix's own Nix functions do: services, infrastructure and
# distribution become a manifest and a profile for each machine. With the
# properties that are used here, and no others.
{ services
, infrastructure
, distribution
, extraParams ? { }
, clientInterface
}:

let
  pkgs = import <nixpkgs> { };
  inherit (pkgs) lib;
  inherit (lib) concatMap concatMapStrings mapAttrsToList optionalString;
  system = builtins.currentSystem;
  plain = builtins.unsafeDiscardStringContext;

  known = set: names: what:
    let others = builtins.attrNames (removeAttrs set names); in
    if others == [ ] then set else throw "${what}: the stand-in for Disnix does not know ${toString others}";

  targets = builtins.mapAttrs
    (name: target: known target [ "properties" "containers" "system" "numOfCores" "clientInterface" "targetProperty" ] "machine ${name}" // { inherit name; })
    (import infrastructure);

  distributed = import distribution { infrastructure = targets; };
  on = name: if served ? ${name} then distributed.${name} else throw "the distribution has no service ${name}";
  invDistribution = builtins.mapAttrs (_: target: builtins.filter (name: builtins.elem target.name (map (one: one.name) distributed.${name})) (builtins.attrNames distributed)) targets;

  function = import services;
  served = function (builtins.intersectAttrs (builtins.functionArgs function)
    ({ inherit pkgs system invDistribution; distribution = distributed; } // extraParams));

  # A service as others that depend on it see it.
  asDependency = _: dependency:
    let name = dependency.name; places = on name; in
    served.${name} // {
      pkgs.${system} = packageOf name;
      target = builtins.head places;
      targets = places;
    };

  interDependencies = service: (service.dependsOn or { }) // (service.connectsTo or { });

  packageOf = name:
    let service = served.${name}; given = interDependencies service; in
    if given == { } then (if builtins.isFunction service.pkg then service.pkg { } else service.pkg)
    else service.pkg (builtins.mapAttrs asDependency given);

  mappingsOf = name: map
    (target: { container = served.${name}.type; service = (entry name).key; target = target.name; })
    (on name);

  entries = builtins.mapAttrs
    (name: _:
      let
        service = served.${name};
        value = {
          inherit (service) name type;
          pkg = plain "${packageOf name}";
          dependsOn = concatMap (dependency: mappingsOf dependency.name) (builtins.attrValues ((service.dependsOn or { }) // (service.activatesAfter or { })));
        };
      in
      value // { key = builtins.hashString "sha256" (builtins.toXML value); package = packageOf name; })
    distributed;
  entry = name: entries.${name};

  byKey = list: builtins.sort (one: other: one.key < other.key) list;

  # XML, all on one line as Disnix writes it.
  tag = name: text: if text == "" then "<${name}/>" else "<${name}>${text}</${name}>";
  mapping = withTarget: one: tag "mapping" (tag "container" one.container + tag "service" one.service + optionalString withTarget (tag "target" one.target));
  escape = builtins.replaceStrings [ "&" "<" ">" ] [ "&amp;" "&lt;" "&gt;" ];
  text = value: if builtins.isBool value then lib.boolToString value else escape (toString value);
  typed = element: name: value: "<${element}${name} type=\"${builtins.typeOf value}\">"
    + (if builtins.isList value then concatMapStrings (typed "elem" "") value else text value) + "</${element}>";
  property = name: typed "property" " name=\"${name}\"";
  properties = set: builtins.concatStringsSep "" (mapAttrsToList property set);

  serviceXML = one: "<service name=\"${one.key}\">" + tag "name" (escape one.name) + tag "pkg" "${one.package}" + tag "type" one.type
    + tag "dependsOn" (concatMapStrings (mapping true) one.dependsOn) + "<connectsTo/><providesContainers/></service>";

  servicesXML = list: tag "services" (concatMapStrings serviceXML (byKey list));
  mappingsXML = withTarget: list: tag "serviceMappings" (concatMapStrings (mapping withTarget) (builtins.sort (one: other: one.service < other.service) list));
  document = root: text: "<?xml version=\"1.0\"?>\n\n  <${root} version=\"2\">${text}</${root}>\n";

  ownOf = target: builtins.filter (one: builtins.elem one.name invDistribution.${target}) (builtins.attrValues entries);

  profileOf = target: pkgs.buildEnv {
    name = target;
    paths = map (one: one.package) (ownOf target) ++ [
      (pkgs.writeTextFile {
        name = "profilemanifest";
        destination = "/profilemanifest.xml";
        text = document "profilemanifest" (servicesXML (ownOf target)
          + mappingsXML false (builtins.filter (one: one.target == target) (concatMap mappingsOf (builtins.attrNames distributed)))
          + "<snapshotMappings/>");
      })
    ];
  };

  targetXML = target: "<target name=\"${target.name}\">"
    + "<properties type=\"attrs\">${properties target.properties}</properties>"
    + tag "containers" (builtins.concatStringsSep "" (mapAttrsToList (name: set: "<container name=\"${name}\" type=\"attrs\">${properties set}</container>") (target.containers or { })))
    + tag "system" (target.system or system) + tag "numOfCores" (toString (target.numOfCores or 1))
    + tag "clientInterface" (target.clientInterface or clientInterface) + tag "targetProperty" (target.targetProperty or "hostname") + "</target>";

in
pkgs.writeTextFile {
  name = "manifest.xml";
  text = document "manifest" (
    tag "profiles" (concatMapStrings (target: "<profile name=\"${target}\">${profileOf target}</profile>") (builtins.attrNames targets))
    + servicesXML (builtins.attrValues entries)
    + tag "infrastructure" (concatMapStrings targetXML (builtins.attrValues targets))
    + mappingsXML true (concatMap mappingsOf (builtins.attrNames distributed))
    + "<snapshotMappings/>");
}
