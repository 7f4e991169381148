# What is started through it must not change with all else here: so it has its
# own source, and no modules.

{ stdenv
, pkgs ? import <nixpkgs> { inherit (stdenv.hostPlatform) system; }
}:

pkgs.buildGoModule {
  pname = "nixproc-chainload-user";
  version = "1";
  src = import ../source.nix "nixproc-chainload-user-source"
    [ "cmd/nixproc-chainload-user" "lib/chainload/chainload.go" "lib/chainload/getent.go" ];
  postPatch = "printf 'module nixproc\\n\\ngo 1.26\\n' >go.mod";
  vendorHash = null;
  subPackages = [ "cmd/nixproc-chainload-user" ];
  ldflags = [ "-s" "-w" ];
  env.CGO_ENABLED = "0";
  doCheck = false;
  meta.mainProgram = "nixproc-chainload-user";
}
