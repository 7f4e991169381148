# fetchurl without a network. A file comes from the directory that the
# environment variable NIXPROC_DISTFILES names. One file is made here: the boot
# scripts of Linux From Scratch, of which older expressions take the init
# functions; they get the framework's own.
{ host, lib }:

{ url ? builtins.head urls, urls ? [ url ], name ? "", sha256 ? "", hash ? "", outputHash ? "", ... }:

let
  baseName = baseNameOf (toString url);
  fileName = if name != "" then name else baseName;
  distfiles = builtins.getEnv "NIXPROC_DISTFILES";
  file = "${distfiles}/${baseName}";
  expected = lib.findFirst (value: value != "") "" [ sha256 hash outputHash ];

  # Those expressions edit the text with sed: they look for these very words.
  initFunctions = builtins.replaceStrings
    [ "@path@" "@shell@" "@runtimeDir@" ]
    [ "/bin:/usr/bin:/sbin:/usr/sbin" "/bin/sh" "/var/run" ]
    (builtins.readFile ../backends/sysvinit/init-functions.sh);

  # Whatever its name says, tar reads it: it looks at the contents.
  bootScripts = host.shellDerivation fileName { inherit initFunctions; passAsFile = [ "initFunctions" ]; } ''
    mkdir -p lfs-bootscripts-20190524/lfs/lib/services
    cp "$initFunctionsPath" lfs-bootscripts-20190524/lfs/lib/services/init-functions
    tar -cf "$out" --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner lfs-bootscripts-20190524
  '';

  local = {
    type = "derivation";
    name = fileName;
    # Only SHA-256 can be checked during evaluation.
    outPath = builtins.path ({
      path = file;
      name = fileName;
      recursive = false;
    } // lib.optionalAttrs (sha256 != "" || lib.hasPrefix "sha256-" expected) { sha256 = expected; });
  };

  unavailable = throw ("hostpkgs: ${toString url} cannot be fetched without a network; put ${baseName} into a directory "
    + "and name that directory in the environment variable NIXPROC_DISTFILES");
in
(if builtins.match "lfs-bootscripts-.*\\.tar\\.xz" baseName != null then bootScripts
else if distfiles != "" && builtins.pathExists file then local
else { type = "derivation"; name = fileName; outPath = unavailable; drvPath = unavailable; })
// { inherit url urls; }
