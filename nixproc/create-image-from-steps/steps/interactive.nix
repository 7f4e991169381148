# What a person needs who looks around in a container: a shell with a prompt, and
# the usual programs. On by default.

{ pkgs, common, input, result }:

if !(input.interactive or true) then result
else import ../declare.nix
  (result // {
    contents = result.contents or [ ] ++ [
      pkgs.bashInteractive
      pkgs.coreutils
      pkgs.diffutils
      pkgs.findutils
      pkgs.gnugrep
      pkgs.gnused
      (pkgs.glibc.bin or pkgs.glibc)
      pkgs.less
      (pkgs.util-linux or pkgs.utillinux)
      pkgs.procps
      pkgs.shadow
    ];
  })
{
  files."/root/.bashrc".source = ./bashrc;
  # Scripts name it in their first line.
  links."/usr/bin/env" = "${pkgs.coreutils}/bin/env";
}
