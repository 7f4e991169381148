# buildGoModule with the host's Go, from the host's module cache: nothing is
# fetched, and vendorHash says nothing here. The cache is the caller's
# (GOMODCACHE, or go/pkg/mod of the home directory) and is only read. A builder
# that may not read it, in a sandbox or as another user, needs a `vendor`
# directory in the source, or `extra-sandbox-paths` and read permission. What the
# caller has compiled already is taken where GOCACHE names it, and the builder may
# write there.
{ lib, stdenv, go }:

{ pname ? "", name ? "", version ? "", src, subPackages ? [ "." ], ldflags ? [ ], tags ? [ ], env ? { }, doCheck ? false, vendorHash ? null, passthru ? { }, meta ? { }, ... }@args:

let
  cacheOfCaller = builtins.getEnv "GOMODCACHE";
in
stdenv.mkDerivation (removeAttrs args [ "vendorHash" "ldflags" "tags" "CGO_ENABLED" ] // {
  name = if name != "" then name else pname + lib.optionalString (version != "") "-${version}";
  nativeBuildInputs = [ go ] ++ args.nativeBuildInputs or [ ];
  inherit doCheck subPackages;
  goLinkerFlags = lib.concatStringsSep " " ldflags;
  goTags = lib.concatStringsSep "," tags;
  env = {
    GOMODCACHE = if cacheOfCaller != "" then cacheOfCaller else "${builtins.getEnv "HOME"}/go/pkg/mod";
    GOCACHE = builtins.getEnv "GOCACHE";
    GOPROXY = "off";
    GOSUMDB = "off";
    GOTOOLCHAIN = "local";
    CGO_ENABLED = toString args.CGO_ENABLED or 1;
  } // env;
  configurePhase = args.configurePhase or ''
    runHook preConfigure
    export HOME=$NIX_BUILD_TOP GOPATH=$NIX_BUILD_TOP/go
    [ -w "$GOCACHE" ] || export GOCACHE=$NIX_BUILD_TOP/go-build
    if [ -d vendor ]; then
      export GOFLAGS="-mod=vendor -trimpath"
    else
      export GOFLAGS="-mod=mod -trimpath"
      if [ -e go.sum ] && ! [ -r "$GOMODCACHE" ]; then
        echo "hostpkgs: the Go module cache $GOMODCACHE cannot be read by this builder; add a vendor directory to the source (go mod vendor), or make the cache readable (and part of extra-sandbox-paths)" >&2
        exit 1
      fi
    fi
    runHook postConfigure
  '';
  buildPhase = args.buildPhase or ''
    runHook preBuild
    mkdir -p "$NIX_BUILD_TOP/programs"
    for package in $subPackages; do
      go build -o "$NIX_BUILD_TOP/programs/" ''${goTags:+-tags "$goTags"} -ldflags "$goLinkerFlags" "./$package"
    done
    runHook postBuild
  '';
  checkPhase = args.checkPhase or ''
    runHook preCheck
    for package in $subPackages; do go test "./$package"; done
    runHook postCheck
  '';
  installPhase = args.installPhase or ''
    runHook preInstall
    mkdir -p "$out/bin"
    cp "$NIX_BUILD_TOP"/programs/* "$out/bin/"
    runHook postInstall
  '';
  meta = { mainProgram = pname; } // meta;
})
