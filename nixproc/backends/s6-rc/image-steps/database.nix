# The services of a profile as a compiled database, which s6-rc reads.

{ pkgs }:

profile:

pkgs.runCommand "s6-rc-database" { } ''
  ${pkgs.s6-rc}/bin/s6-rc-compile "$out" ${profile}/etc/s6/sv
''
