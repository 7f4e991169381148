# What the services of a network are made of: a model for each process manager, with
# those processes only that are under it somewhere. The command looks at them before
# Disnix builds anything. The arguments are those of services.nix.

{ exprFile, services, arguments, extraParams }@given:

let
  called = import ./call-models.nix given;

  wanted = manager: builtins.listToAttrs (map
    (service: { name = service.process; value = null; })
    (builtins.filter (service: service.manager == manager) (builtins.attrValues services)));
in
map
  (processManager: import ../deployment.nix (arguments // {
    inherit processManager;
    model = { name = exprFile; value = builtins.intersectAttrs (wanted processManager) called.${processManager}; };
  }))
  (builtins.attrNames called)
