# The small builders of nixpkgs (its "trivial builders"): texts, scripts, commands.
{ host, lib, stdenv }:

rec {
  # `text` goes through a file, since the environment holds 128 kB a variable at most.
  writeTextFile = { name, text, executable ? false, destination ? "", checkPhase ? "", meta ? { }, passthru ? { }, derivationArgs ? { }, ... }:
    let
      file = host.shellDerivation name
        ({ inherit text executable destination checkPhase; passAsFile = [ "text" ]; } // derivationArgs)
        (if destination == "" && checkPhase == "" then
          (if executable then ''install -m 755 "$textPath" "$out"'' else ''cp "$textPath" "$out"'')
        else ''
          target=$out$destination
          mkdir -p "''${target%/*}"
          if [ -n "$executable" ]; then install -m 755 "$textPath" "$target"; else cp "$textPath" "$target"; fi
          export target out
          ${host.shell} -e -c "$checkPhase"
        '');
    in
    file // passthru // { inherit meta passthru; };

  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; meta.mainProgram = name; };
  writeShellScript = name: text: writeScript name "#!${host.shell}\n${text}";
  writeShellScriptBin = name: text: writeScriptBin name "#!${host.shell}\n${text}";
  writeShellApplication = { name, text, runtimeInputs ? [ ], ... }:
    writeShellScriptBin name ''
      set -o errexit -o nounset -o pipefail
      export PATH=${lib.escapeShellArg (lib.makeBinPath runtimeInputs)}:"$PATH"
      ${text}
    '';

  runCommand = name: env: buildCommand: stdenv.mkDerivation ({ inherit name buildCommand; } // env);
  runCommandCC = runCommand;
  runCommandNoCC = runCommand;
  runCommandLocal = runCommand;

  # [ { name; path; } … ], or { NAME = PATH; }
  linkFarm = name: entries:
    let list = if builtins.isList entries then entries else lib.mapAttrsToList (name: path: { inherit name path; }) entries;
    in
    runCommand name { passthru.entries = entries; } ''
      mkdir -p "$out"
      ${lib.concatMapStrings (entry: ''
        mkdir -p "$out"/${lib.escapeShellArg (dirOf "./${entry.name}")}
        ln -s ${lib.escapeShellArg "${entry.path}"} "$out"/${lib.escapeShellArg entry.name}
      '') list}
    '';
  linkFarmFromDrvs = name: drvs: linkFarm name (map (drv: { inherit (drv) name; path = drv; }) drvs);
}
