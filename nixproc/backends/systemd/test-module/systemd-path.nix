# A module of NixOS: the directory of units, which NixOS makes, is read-only.
{
  boot.extraSystemdUnitPaths = [ "/etc/systemd-mutable/system" ];
}
