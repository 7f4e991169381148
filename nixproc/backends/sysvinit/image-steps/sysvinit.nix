# What init scripts find on the PATH.

{ pkgs, common, input, result }:

result // {
  contents = result.contents or [ ]
    ++ (if pkgs ? sysvinit then [ pkgs.sysvinit ] else [ ])
    ++ [ pkgs.gnugrep pkgs.coreutils ];
}
