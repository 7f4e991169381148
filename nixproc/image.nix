# What `nixproc image` evaluates: an image of all processes of a model.

{ # As for deployment.nix.
  exprFile ? null
, model ? null
, processManager
, name
, tag
, interactive ? true
, pkgs ? if model.pkgs or null != null then model.pkgs else import <nixpkgs> { }
, stateDir ? null
, runtimeDir ? null
, logDir ? null
, cacheDir ? null
, spoolDir ? null
, lockDir ? null
, libDir ? null
, tmpDir ? null
, forceDisableUserChange ? false
, extraParams ? { }
}:

let
  given = { inherit exprFile model stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir; };
  asked = removeAttrs given (builtins.filter (name: given.${name} == null) (builtins.attrNames given));
in
import ./create-image-from-steps/create-multi-process-image-universal.nix { inherit pkgs; }
  (asked // { inherit name tag processManager interactive forceDisableUserChange extraParams; })
