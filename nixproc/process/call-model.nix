# Calls the user's processes model, and gives the set of its processes.

{ exprFile ? null
  # In place of a file: { name, value }, and perhaps pkgs.
, model ? null
, processManager
  # Null (or left out) stands for "not asked for": the model's own default holds.
, system ? null
, pkgs ? null
, stateDir ? null
, runtimeDir ? null
, logDir ? null
, cacheDir ? null
, spoolDir ? null
, lockDir ? null
, libDir ? null
, tmpDir ? null
, forceDisableUserChange ? null
, callingUser ? null
, callingGroup ? null
  # Further arguments, which the model gets even if it has a default for them.
, given ? { }
  # What the user gives; it beats all others.
, extraParams ? { }
, idsFiles ? [ ]
, newIDsFile ? null
}:

let
  kindOf = import ./kind.nix;

  without = predicate: set:
    removeAttrs set (builtins.filter (name: predicate set.${name}) (builtins.attrNames set));

  asked = without (value: value == null) {
    inherit system pkgs stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir forceDisableUserChange;
  };

  # What a model gets that has no default of its own.
  state = asked.stateDir or "/var";
  defaults = {
    system = builtins.currentSystem;
    pkgs = if model.pkgs or null != null then model.pkgs else import <nixpkgs> { system = asked.system or builtins.currentSystem; };
    stateDir = state;
    runtimeDir = "${state}/run";
    logDir = "${state}/log";
    cacheDir = "${state}/cache";
    spoolDir = "${state}/spool";
    lockDir = "${state}/lock";
    libDir = "${state}/lib";
    tmpDir = if state == "/var" then "/tmp" else "${state}/tmp";
    forceDisableUserChange = false;
  };

  always = without (value: value == null) { inherit processManager callingUser callingGroup exprFile; }
    // { inherit extraParams; };

  extra =
    let value = builtins.addErrorContext "while evaluating --extra-params" extraParams; in
    if !builtins.isAttrs value
    then throw "--extra-params is ${kindOf value}, where a set { … } is due"
    else if (value.processManager or processManager) != processManager
    then throw "--extra-params can't change processManager: the command decides it (${processManager})"
    else value;

  importModel = if newIDsFile == null then import else builtins.scopedImport scope;

  # Like import, also in the files that are imported: but the file of IDs is
  # another one than it says. So a model can be evaluated with IDs that are not
  # in place yet. Not in the store, Nixpkgs and the framework, whose files
  # import no IDs and would be read over and over again.
  importing = path:
    if isIDs path then import newIDsFile
    else if isElsewhere (toString path) then import path
    else builtins.scopedImport scope path;

  scope = {
    import = importing;
    builtins = builtins // {
      import = importing;
      pathExists = path: isIDs path || builtins.pathExists path;
    };
  };

  isIDs = path: builtins.elem (withoutContext (toString path)) idsFiles;

  withoutContext = builtins.unsafeDiscardStringContext;

  isElsewhere = path:
    below builtins.storeDir path
    || nixpkgs.success && below nixpkgs.value path
    || builtins.match ".*/nixproc/(backends|create-image-from-steps|create-managed-process|create-credentials|process|hostpkgs)/.*" (withoutContext path) != null;

  below = dir: path: builtins.substring 0 (builtins.stringLength dir + 1) (path + "/") == "${dir}/";

  nixpkgs = builtins.tryEval (toString <nixpkgs>);

  name = if model == null then exprFile else model.name;

  called = if model != null then model.value else if exprFile == null then { } else importModel exprFile;

  processes =
    if builtins.isFunction called then
      let
        formal = builtins.functionArgs called;
        required = without (hasDefault: hasDefault) formal;
        arguments = builtins.intersectAttrs required defaults // given // asked // always // extra;
        missing = builtins.attrNames (removeAttrs required (builtins.attrNames arguments));
      in
      if missing == [ ] then called (builtins.intersectAttrs formal arguments)
      else throw "the processes model ${name} has arguments without a default that nobody gives: ${builtins.concatStringsSep ", " missing}; give them with --extra-params '{ ${builtins.head missing} = …; }'"
    else builtins.seq extra called;
in
if processes.type or null == "derivation" then throw "the processes model ${name} gives a package, where a set of processes is due"
else if builtins.isAttrs processes then processes
else throw "the processes model ${name} gives ${kindOf processes}, where a set of processes is due"
