# The one evaluation of `nixproc test`: puts all that the suites of some files are to
# deploy and to run into one derivation, as structured attributes. To build it
# builds all profiles.
{ # Paths, as JSON.
  files
  # The framework: a directory with nixproc/ and examples/.
, framework
, managers
, profiles
, nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
, nixprocBinary
}:

let
  kindOf = import ../process/kind.nix;

  available = {
    inherit nixpkgs system;
    pkgs = import nixpkgs { inherit system; };
    testService = import (/. + framework + "/nixproc/test-driver/here.nix") { inherit nixpkgs system; };
    nix-processmgmt = /. + framework;
    processManagers = builtins.fromJSON managers;
    profiles = builtins.fromJSON profiles;
  };

  # What a file has a default for, it knows better: its own Nixpkgs, say.
  known = [ "nixpkgs" "system" "pkgs" "testService" "nix-processmgmt" ];

  call = file: value:
    let
      formal = builtins.functionArgs value;
      missing = builtins.filter (name: !formal.${name} && !(available ? ${name})) (builtins.attrNames formal);
      given = removeAttrs available (builtins.filter (name: formal.${name} or false) known);
    in
    if !builtins.isFunction value then value
    else if missing == [ ] then value (builtins.intersectAttrs formal given)
    else throw "the suite ${file} has arguments without a default that nobody gives: ${toString missing}";

  found = file: value:
    if value ? nixprocSuite then [ value ]
    else if !builtins.isAttrs value then throw "${file} gives ${kindOf value}, where a suite or a set of suites is due"
    else if value.type or null == "derivation" then throw "${file} gives a package, where a suite or a set of suites is due: its testService has to come from this framework"
    else builtins.concatMap (name: found file value.${name}) (builtins.attrNames value);
in
derivation {
  name = "suites";
  system = builtins.currentSystem;
  builder = nixprocBinary;
  args = [ "build-suites" ];
  __structuredAttrs = true;
  preferLocalBuild = true;
  allowSubstitutes = false;
  suites = builtins.concatMap (file: found file (call file (import (/. + file)))) (builtins.fromJSON files);
}
