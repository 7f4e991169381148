# Translates the arguments of createManagedProcess into an image and the
# arguments of createDockerContainer. A process in the foreground is preferred;
# one that can only be a daemon gets one that stands for it. Each is prepared by
# a script in the container (container.sh), as the container's root.

{ createDockerContainer
  # Makes the image where overrides ask for what only it can do.
, dockerTools
, stdenv
, lib
, writeTextFile
, findutils
, glibc
, shadow
  # It would only be on the PATH: accounts are made without it.
, dysnomia ? null
, pkgs
, basePackages
, runtimeDir
, stateDir
, forceDisableUserChange
, createCredentials
, nixprocBinary ? import ../../binary.nix { inherit pkgs; }
}:

let
  wrapperPackages = { inherit (pkgs) coreutils; util-linux = pkgs.util-linux or pkgs.utillinux; };

  container = import ./container.nix { inherit stdenv; inherit (pkgs) coreutils; };
  foregroundProxy = import ../util/foreground-proxy.nix ({ inherit stdenv; } // wrapperPackages);
  shellText = import ../util/shell-text.nix { inherit stdenv; };
  buildImage = import ./image.nix { inherit stdenv nixprocBinary; };

  withoutContext = builtins.unsafeDiscardStringContext;
in

{ name
, description
, initialize
, daemon
, daemonArgs
, instanceName
, pidFile
, foregroundProcess
, foregroundProcessArgs
, path
, environment
, directory
, umask
, nice
, user
, dependencies
, credentials
, overrides
, postInstall
}:

let
  data = import ../../process/data.nix name;

  isDaemon = foregroundProcess == null;
  program =
    if !isDaemon then data.text "foregroundProcess" foregroundProcess
    else if daemon != null then data.text "daemon" daemon
    else throw "process '${name}': neither 'process', nor 'foregroundProcess', nor 'daemon' says what to run";
  args =
    if isDaemon then data.list "daemonArgs" daemonArgs
    else data.list "foregroundProcessArgs" foregroundProcessArgs;

  changesUser = user != null && !forceDisableUserChange;

  daemonPidFile =
    if pidFile != null then data.text "pidFile" pidFile
    else "${toString runtimeDir}/${if instanceName == null then baseNameOf program else instanceName}.pid";

  accounts =
    let created = createCredentials (data.anySet "credentials" credentials); in
    created.nixprocAccounts or (throw "process '${name}': createCredentials is one of another framework, whose accounts can't be put into a container");

  field = account: key: account.${key} or "";
  userWord = login: account: builtins.concatStringsSep ":" [
    login
    (field account "uid")
    (field account "group")
    (field account "homeDir")
    (if field account "createHomeDirOnly" == "1" then "only" else field account "createHomeDir")
    (field account "shell")
    (field account "password")
    (field account "description")
  ];

  # Whose number is given come first, so that nobody else takes it.
  words = key: word: set:
    let parts = builtins.partition (name: field set.${name} key != "") (builtins.attrNames set); in
    map (name: word name set.${name}) (parts.right ++ parts.wrong);

  option = letter: value: [ "-${letter}" value ];
  options = letter: values: builtins.concatMap (option letter) values;

  preparation = container
    ++ option "s" (toString stateDir)
    ++ option "r" (toString runtimeDir)
    ++ lib.optional forceDisableUserChange "-k"
    ++ options "g" (words "gid" (group: account: "${group}:${field account "gid"}") accounts.groups)
    ++ options "a" (words "uid" userWord accounts.users)
    ++ lib.optionals (umask != null) (option "m" (data.text "umask" umask))
    ++ lib.optionals (nice != null) (option "n" (data.text "nice" nice))
    ++ [ "--" ];

  proxy = lib.optionals (isDaemon || initialize != "" || changesUser) (foregroundProxy
    ++ lib.optionals (initialize != "") (option "i" "${shellText "initialize" initialize}")
    ++ lib.optionals (initialize != "" && directory != null) (option "d" (data.text "directory" directory))
    ++ lib.optionals changesUser (option "u" (data.text "user" user))
    ++ lib.optionals isDaemon (option "p" daemonPidFile)
    ++ [ "--" ]);

  cmd = preparation ++ proxy ++ [ program ] ++ args;

  storePaths = basePackages
    ++ lib.optionals (!forceDisableUserChange) ([ shadow findutils glibc.bin ] ++ lib.optional (dysnomia != null) dysnomia)
    ++ path;

  # /bin is the image's own.
  variables = {
    PATH = builtins.concatStringsSep ":" (map (package: withoutContext "${package}/bin") storePaths ++ [ "/bin" ]);
  } // data.set "environment" environment;

  variable = key:
    if builtins.match "[^=]+" key != null then "${key}=${variables.${key}}"
    else throw "process '${name}': environment: ${builtins.toJSON key} can't be the name of a variable";

  generatedImage = {
    inherit name;
    tag = "latest";
    runAsRoot = import ./run-as-root.nix { inherit stdenv shadow; };
    config = {
      Cmd = map withoutContext cmd;
      Env = map variable (builtins.attrNames variables);
    } // lib.optionalAttrs (directory != null) { WorkingDir = data.text "directory" directory; };
  };

  override = generated: change:
    if builtins.isFunction change then change generated
    else lib.recursiveUpdate generated change;

  image = override generatedImage (overrides.image or { });

  needsDockerTools = removeAttrs image (builtins.attrNames generatedImage) != { }
    || image.runAsRoot or null != generatedImage.runAsRoot;

  built = (if needsDockerTools then dockerTools.buildImage image else buildImage image) // {
    nixprocImage = {
      asCaller = forceDisableUserChange;
    } // lib.optionalAttrs (!needsDockerTools) {
      inherit (image) config;
      inherit accounts;
      wrappers = [ container foregroundProxy ];
    };
  };

  # The kernel lets nobody run ahead of others in a container, by default.
  hurries = nice != null && builtins.substring 0 1 (toString nice) == "-";

  generated = {
    inherit name postInstall cmd storePaths dependencies;
    dockerImage = built;
    dockerImageTag = "${image.name or name}:${image.tag or "latest"}";
    useHostNixStore = true;
    useHostNetwork = true;
    mapStateDirVolumes = [ stateDir ];
  } // lib.optionalAttrs hurries { dockerCreateParameters.cap-add = "SYS_NICE"; };
in
createDockerContainer (override generated (overrides.container or { }))
