# Manual pages, and what shows them. Off by default.

{ pkgs, common, input, result }:

if !(input.manpages or false) then result
else result // {
  contents = result.contents or [ ] ++ [ pkgs.man pkgs.groff pkgs.gzip ];
  config = result.config or { } // {
    Env = result.config.Env or [ ] ++ [ "MANPATH=/share/man:/nix/var/nix/profiles/default/share/man" ];
  };
}
