# The name of the process whose package the framework before this made: that of
# the derivation, but some process managers have a prefix in front of it, or
# something behind it.

manager: packageName:

let
  prefix = { cygrunsrv = "nix-process-"; systemd = "nix-process-"; }.${manager} or "";
  length = builtins.stringLength prefix;
  service = if manager == "s6-rc" then builtins.match "(.+)-srv" packageName else null;
in
if service != null then builtins.head service
else if builtins.substring 0 length packageName == prefix
then builtins.substring length (builtins.stringLength packageName) packageName
else packageName
