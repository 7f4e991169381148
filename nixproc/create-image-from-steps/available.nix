# Those of the named packages that a set has. One of a host's own programs may have
# them in name only.

pkgs: names:

builtins.concatMap
  (name: if (builtins.tryEval (pkgs.${name} or (throw "")).outPath).success then [ pkgs.${name} ] else [ ])
  names
