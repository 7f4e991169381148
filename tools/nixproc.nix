# The program, with its manual pages and what the shells need to complete it.

{ pkgs }:

pkgs.buildGoModule {
  pname = "nixproc";
  version = "0.1.0";
  src = import ./source.nix "nixproc-source" [ "cmd" "examples" "lib" "nixeval" "nixproc" "tools/share.sh" "go.mod" "go.sum" ];
  vendorHash = import ./vendor-hash.nix;
  # The second is put into images (nixproc/init.nix).
  subPackages = [ "cmd/nixproc" "cmd/nixproc-init" ];
  ldflags = [ "-s" "-w" ];
  env.CGO_ENABLED = "0";
  doCheck = false;
  # The program writes them itself, so it has to run where it is built.
  postInstall =
    if pkgs.stdenv.buildPlatform.system == pkgs.stdenv.hostPlatform.system
    then "sh tools/share.sh $out/bin/nixproc $out/share"
    else "";
  meta.mainProgram = "nixproc";
}
