# The name of the process whose package the framework before this made: that of
# the derivation, but some process managers have a prefix in front of it.

manager: packageName:

let
  prefix = { cygrunsrv = "nix-process-"; systemd = "nix-process-"; }.${manager} or "";
  length = builtins.stringLength prefix;
in
if builtins.substring 0 length packageName == prefix
then builtins.substring length (builtins.stringLength packageName) packageName
else packageName
