# stdenv of nixpkgs, with the host's shell, compiler and tools.
{ host, lib, cc }:

let
  # One directory for both files, so that $stdenv/setup is a path as in nixpkgs.
  files = builtins.path { path = ./stdenv; name = "hostpkgs-stdenv"; };

  inputNames = [
    "depsBuildBuild" "nativeBuildInputs" "depsBuildTarget" "buildInputs" "depsHostHost" "propagatedNativeBuildInputs"
    "propagatedBuildInputs" "nativeCheckInputs" "checkInputs" "nativeInstallCheckInputs" "installCheckInputs"
  ];
  # Attributes that describe a package and are nothing to its builder.
  unexported = [ "meta" "passthru" "env" "pos" "strictDeps" "outputChecks" "hardeningDisable" "__impureHostDeps" ];

  # Attributes, or a function from the final attributes to them.
  mkDerivation = arg: make (if lib.isFunction arg then arg else _: arg);

  make = attrsOf:
    let
      attrs = attrsOf (attrs // { finalPackage = package; });
      package = build attrs // {
        meta = attrs.meta or { };
        passthru = attrs.passthru or { };
        # `previous: …`, `final: previous: …`, or plain attributes.
        overrideAttrs = change: make (final:
          let
            previous = attrsOf final;
            changed = if lib.isFunction change then change previous else change;
          in
          previous // (if lib.isFunction changed then change final previous else changed));
      } // attrs.passthru or { };
    in
    package;

  build = attrs: derivation (removeAttrs attrs unexported // attrs.env or { } // host.local // host.fixup or { } // {
    name = attrs.name or (attrs.pname + lib.optionalString (attrs ? version) "-${attrs.version}");
    builder = host.shell;
    args = attrs.args or [ "-e" (attrs.builder or "${files}/default-builder.sh") ];
    stdenv = files;
    inherit (host) shell;
    hostSearchPath = host.searchPath;
    buildTools = builtins.filter (input: input != null)
      (builtins.concatMap (name: lib.flatten (attrs.${name} or [ ])) inputNames);
    __ignoreNulls = true;
  });

  cpu = builtins.head (lib.splitString "-" host.system);
  platform = {
    inherit (host) system;
    config = host.system;
    parsed.cpu.name = cpu;
    isLinux = lib.hasSuffix "-linux" host.system;
    isDarwin = lib.hasSuffix "-darwin" host.system;
    isCygwin = lib.hasSuffix "-cygwin" host.system;
    isFreeBSD = lib.hasSuffix "-freebsd" host.system;
    isOpenBSD = lib.hasSuffix "-openbsd" host.system;
    isNetBSD = lib.hasSuffix "-netbsd" host.system;
    isSunOS = lib.hasSuffix "-solaris" host.system;
    isBSD = lib.hasSuffix "bsd" host.system;
    isUnix = true;
    isx86_64 = cpu == "x86_64";
    isAarch64 = cpu == "aarch64";
    is64bit = lib.hasSuffix "64" cpu;
    extensions.sharedLibrary = if lib.hasSuffix "-darwin" host.system then ".dylib" else ".so";
  };
in
platform // {
  name = "hostpkgs-stdenv";
  outPath = "${files}";
  inherit mkDerivation lib cc;
  inherit (host) shell;
  hostPlatform = platform;
  buildPlatform = platform;
  targetPlatform = platform;
}
