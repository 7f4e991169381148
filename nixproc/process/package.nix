# Makes the package of one process.
#
# In front stands the specification as plain data, in the attribute `nixproc`;
# that is all that a switch reads. The derivation behind it is lazy: it is
# instantiated only by who asks for the package itself (nix-build, Disnix,
# "${dependency.pkg}"), or where postInstall has to run a shell.
#
# Dependencies are kept by name, so that a cycle reaches the command, which can
# show it, instead of Nix's evaluator, which can only say that there is one.

{ stdenv, nixprocBinary }:

{ manager
, name
  # Packages or processes ({ pkg = …; }) that have to run before this one.
, dependencies ? [ ]
  # The process's rank in the order is at least this.
, floor ? 0
  # What createCredentials returned.
, credentials ? null
, postInstall ? ""
  # What the renderer of the manager needs to know: of this process, and of all
  # that the same constructor makes (see settings.nix).
, parameters
, settings
  # Attributes that older functions and expressions read from a package.
, attributes ? { }
  # Name of the derivation.
, packageName ? name
  # The package itself, where it is not the binary that renders it.
, built ? null
}:

let
  kindOf = import ./kind.nix;

  data = import ./data.nix name;

  packageOf = dependency:
    let
      package = if builtins.isAttrs dependency && dependency ? pkg then dependency.pkg else dependency;
    in
    if builtins.isFunction package then package { }
    else if builtins.isAttrs package then package
    else throw "process '${name}': a dependency is ${kindOf package}, where a package of a process is due";

  dependencyPackages = map packageOf (data.anyList "dependencies" dependencies);

  nameOf = package:
    builtins.unsafeDiscardStringContext (package.nixproc.name or (import ./foreign-name.nix manager (package.name
      or (throw "process '${name}': a dependency has no name"))));

  # A name that is no file name is reported by the command, with the name of
  # the attribute; here it must only not get in the way of that.
  safeName = import ./safe-name.nix packageName;

  specification = {
    schema = 1;
    inherit manager name parameters;
    dependencies = map nameOf dependencyPackages;
    settings = settings.key;
  } // (if floor == 0 then { } else { inherit floor; })
  // (if credentials == null then { }
  else if credentials ? nixprocAccounts then { credentials = credentials.nixprocAccounts; }
  else { credentialsTree = "${credentials}"; });

  rendered = specification: if built != null then built else derivation {
    name = safeName;
    system = builtins.currentSystem or stdenv.system;
    builder = nixprocBinary;
    args = [ "build-package" ];
    __structuredAttrs = true;
    preferLocalBuild = true;
    allowSubstitutes = false;
    process = specification;
    settings.${settings.key} = settings.value;
  };

  # On its own, a package has to know its place in the order. In a profile the
  # command gives it one, and a package that knew its own would be built anew
  # whenever something changes below it.
  ordered = rendered (specification
    // (if attributes ? sequence then { inherit (attributes) sequence; }
  else if attributes ? priority then { sequence = attributes.priority - 1; }
  else { }));

  # The shell works on a copy of the rendered tree, in the place where the
  # build of the package would have left it.
  finished = rendered: stdenv.mkDerivation {
    name = safeName;
    passthru = attributes;
    preferLocalBuild = true;
    allowSubstitutes = false;
    buildCommand = ''
      mkdir -p $out
      cp -R ${rendered}/. $out/
      chmod -R u+w $out
      cd $TMPDIR
      ${postInstall}
    '';
  };

  package = if postInstall == "" then ordered else finished ordered;
in
package // attributes // {
  name = packageName;
  nixproc = specification // (
    if postInstall != "" then {
      inherit postInstall;
      tree = "${finished (rendered specification)}";
    }
    else if built != null then { tree = "${built}"; }
    else { }
  );
  nixprocDependencies = dependencyPackages;
  nixprocSettings = settings;
  # What a user changes this way is a package like any other, without a
  # specification: its files are merged into the profile as they are.
  inherit (finished ordered) overrideAttrs;
}
