# Creates a package that Dysnomia's module "process" can activate: the file
# etc/dysnomia/process/NAME names a program that becomes a daemon, and its pid
# file. Accounts are in dysnomia-support; Dysnomia creates and removes them.

{ stdenv
, lib
, createCredentials
, forceDisableUserChange
  # See run-shell.nix.
, coreutils ? null
, nixprocBinary ? import ../../binary.nix { }
}:

let
  quote = import ../util/shell-quote.nix;

  runShell = import ./run-shell.nix { inherit stdenv coreutils; };

  accountText = account: builtins.concatStringsSep "" (map
    (property: "${property}=${quote.always account.${property}}\n")
    (builtins.attrNames account)) + "\n";

  # Shell that writes the files of groups or users.
  accountFiles = kind: accounts: builtins.concatStringsSep "" (map
    (name: ''
      mkdir -p "$out/dysnomia-support/${kind}"
      printf '%s' ${quote.always (accountText accounts.${name})} >"$out/dysnomia-support/${kind}"/${quote.always name}
    '')
    (builtins.attrNames accounts));

  # Dysnomia reads the file with its shell, and then uses the values without
  # quotes. These settings make it take a value with blanks for one word.
  guard = values: if builtins.any quote.isFragile values then "IFS=\nset -f\n" else "";
in

{ name
, process
, pidFile ? null
, dependencies ? [ ]
, postInstall ? ""
, credentials ? { }
}:

let
  data = import ../../process/data.nix name;

  # They are in the package, since Dysnomia looks for them there.
  accounts = if credentials == { } then null else createCredentials (data.anySet "credentials" credentials);

  program = data.text "process" process;
  pidFileText = data.optional "pidFile" pidFile;
  values = [ program ] ++ (if pidFile == null then [ ] else [ pidFileText ]);

  safeName = builtins.concatStringsSep "-" (builtins.filter builtins.isString
    (builtins.split "[^A-Za-z0-9+._?=-]+" name));

  package = runShell (if safeName == "" then "process" else safeName)
    {
      processName = name;
      text = "process=${quote.word program}\n"
        + (if pidFile == null then "" else "pidFile=${quote.word pidFileText}\n")
        + guard values;
    }
    (''
      mkdir -p "$out/etc/dysnomia/process"
      printf '%s' "$text" >"$out/etc/dysnomia/process/$processName"
    '' + (
      if accounts == null then ""
      else if accounts ? nixprocAccounts
      then accountFiles "groups" accounts.nixprocAccounts.groups + accountFiles "users" accounts.nixprocAccounts.users
      else "ln -s ${accounts}/dysnomia-support \"$out/dysnomia-support\"\n"
    ));
in
import ../../process/package.nix { inherit stdenv nixprocBinary; } {
  manager = "disnix";
  inherit name dependencies postInstall;
  credentials = accounts;
  built = package;
  settings = import ../../process/settings.nix { };
  attributes = { inherit dependencies; };

  parameters = {
    pidFile = pidFileText;
    # What only generate-process-script.nix knows of its own wrapper.
    program = process.nixprocWrapped.program or null;
    log = process.nixprocWrapped.log or null;
    user = process.nixprocWrapped.user or null;
    certain = process.nixprocWrapped.certain or (pidFile != null);
    # The pid file is there from the start to the end of the process.
    supervised = process.nixprocWrapped.supervised or false;
  };
}
