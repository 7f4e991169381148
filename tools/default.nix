# The commands as packages, under the attribute names that they always had:
#
#   nix-env -f tools/default.nix -iA common sysvinit
#
# Each is a set of links to one program, which knows by its name what it is.

{ system ? builtins.currentSystem
, pkgs ? import <nixpkgs> { inherit system; }
}:

let
  nixproc = pkgs.buildGoModule {
    pname = "nixproc";
    version = "0.1.0";
    # With a name of its own, since the folder of a checkout may have any name.
    src = builtins.path {
      name = "nixproc-source";
      path = ../.;
      filter = path: _: builtins.elem (builtins.head (builtins.filter builtins.isString
        (builtins.split "/" (builtins.substring (builtins.stringLength (toString ../. + "/")) (-1) (toString path)))))
        [ "cmd" "lib" "nixeval" "nixproc" "go.mod" "go.sum" ];
    };
    vendorHash = import ./vendor-hash.nix;
    subPackages = [ "cmd/nixproc" ];
    ldflags = [ "-s" "-w" ];
    env.CGO_ENABLED = "0";
    doCheck = false;
    meta.mainProgram = "nixproc";
  };

  commands = name: words: pkgs.runCommand "nixproc-${name}-tools" { } ''
    mkdir -p $out/bin
    for command in ${toString words}; do
      ln -s ${nixproc}/bin/nixproc $out/bin/nixproc-$command
    done
  '';
in
{
  inherit nixproc;
  common = commands "common" [ "build" "init-state" ];
  idassign = commands "idassign" [ "id-assign" ];
  supervisord = commands "supervisord" [ "supervisord-switch" "supervisord-deploy" "supervisord-deploy-stateless" ];
  sysvinit = commands "sysvinit" [ "sysvinit-switch" "sysvinit-deploy" "sysvinit-runactivity" ];
  systemd = commands "systemd" [ "systemd-switch" "systemd-deploy" ];
}
