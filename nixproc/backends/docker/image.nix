# Makes an image that holds no more than the directories and files that each
# container needs; the programs come from the host's store. The builder is the
# command: neither dockerTools nor a virtual machine takes part.
#
# No string has a context in it, so that the image is not built anew, nor grows,
# when what it runs is: the package of the process keeps that.

{ stdenv, nixprocBinary }:

{ name, tag, config, runAsRoot }:

let
  safeName = builtins.concatStringsSep "-" (builtins.filter builtins.isString
    (builtins.split "[^A-Za-z0-9+._?=-]+" name));
in
derivation {
  name = "docker-image-${builtins.unsafeDiscardStringContext safeName}.tar";
  system = builtins.currentSystem or stdenv.system;
  builder = nixprocBinary;
  args = [ "build-image" ];
  __structuredAttrs = true;
  preferLocalBuild = true;
  allowSubstitutes = false;
  image = {
    reference = builtins.unsafeDiscardStringContext "${name}:${tag}";
    config = builtins.unsafeDiscardStringContext (builtins.toJSON config);
    shell = builtins.unsafeDiscardStringContext "${stdenv.shell}";
    inherit (stdenv) system;
  };
}
