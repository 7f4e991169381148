# The commands as packages, under the attribute names that they always had:
#
#   nix-env -f tools/default.nix -iA common sysvinit
#
# Each is a set of links to one program, which knows by its name what it is.

{ system ? builtins.currentSystem
, pkgs ? import <nixpkgs> { inherit system; }
}:

let
  # The parts of this tree that a program is built from, under a name of its own,
  # since the folder of a checkout may have any name.
  source = name: parts: builtins.path {
    inherit name;
    path = ../.;
    filter = path: _:
      let relative = builtins.substring (builtins.stringLength (toString ../. + "/")) (-1) (toString path); in
      builtins.any (part: relative == part || within relative part || within part relative) parts;
  };
  within = path: directory: builtins.substring 0 (builtins.stringLength directory + 1) path == directory + "/";

  nixproc = pkgs.buildGoModule {
    pname = "nixproc";
    version = "0.1.0";
    src = source "nixproc-source" [ "cmd" "lib" "nixeval" "nixproc" "go.mod" "go.sum" ];
    vendorHash = import ./vendor-hash.nix;
    subPackages = [ "cmd/nixproc" ];
    ldflags = [ "-s" "-w" ];
    env.CGO_ENABLED = "0";
    doCheck = false;
    meta.mainProgram = "nixproc";
  };

  # What is started through it must not change with all else here: so it has its
  # own source, and no modules.
  chainload-user = pkgs.buildGoModule {
    pname = "nixproc-chainload-user";
    version = "1";
    src = source "nixproc-chainload-user-source" [ "cmd/nixproc-chainload-user" "lib/chainload" "lib/quote/quote.go" "lib/run" ];
    postPatch = "printf 'module nixproc\\n\\ngo 1.26\\n' >go.mod";
    vendorHash = null;
    subPackages = [ "cmd/nixproc-chainload-user" ];
    ldflags = [ "-s" "-w" ];
    env.CGO_ENABLED = "0";
    doCheck = false;
    meta.mainProgram = "nixproc-chainload-user";
  };

  commands = name: words: pkgs.runCommand "nixproc-${name}-tools" { } ''
    mkdir -p $out/bin
    for command in ${toString words}; do
      ln -s ${nixproc}/bin/nixproc $out/bin/nixproc-$command
    done
  '';
in
{
  inherit nixproc chainload-user;
  common = commands "common" [ "build" "init-state" ];
  s6-rc = commands "s6-rc" [ "s6-rc-switch" "s6-rc-deploy" "s6-svscan" ];
  docker = commands "docker" [ "docker-switch" "docker-deploy" ];
  bsdrc = commands "bsdrc" [ "bsdrc-switch" "bsdrc-deploy" "bsdrc-runactivity" ];
  cygrunsrv = commands "cygrunsrv" [ "cygrunsrv-switch" "cygrunsrv-deploy" ];
  launchd = commands "launchd" [ "launchd-switch" "launchd-deploy" ];
  disnix = commands "disnix" [ "disnix-switch" "disnix-deploy" ];
  generate-config = commands "generate-config" [ "generate-config" ];
  idassign = commands "idassign" [ "id-assign" ];
  supervisord = commands "supervisord" [ "supervisord-switch" "supervisord-deploy" "supervisord-deploy-stateless" ];
  sysvinit = commands "sysvinit" [ "sysvinit-switch" "sysvinit-deploy" "sysvinit-runactivity" ];
  systemd = commands "systemd" [ "systemd-switch" "systemd-deploy" ];
}
