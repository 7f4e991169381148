# Calls a processes model for each process manager that the services of a network
# have.

{ exprFile, services, arguments, extraParams }:

builtins.listToAttrs (map
  (service: {
    name = service.manager;
    value = import ../process/call-model.nix (arguments // { inherit exprFile extraParams; processManager = service.manager; });
  })
  (builtins.attrValues services))
