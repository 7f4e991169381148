# Creates the log service of a longrun service: s6-log, as a user of its own,
# writes what the other says to LOGDIR/s6-log/NAME.

{ stdenv
, lib
, execline
, logDir
, logDirUser
, logDirGroup
, forceDisableUserChange
  # The programs that the service runs; without them, those on the PATH of
  # s6-svscan.
, s6 ? null
, coreutils ? null
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  programs = import ./programs.nix { inherit stdenv execline s6 coreutils; };

  quote = import ./quote.nix;

  notificationFd = 3;
in

{ name }:

let
  define = import ./definition.nix name;

  directory = "${toString logDir}/s6-log/${name}";

  user = quote.word (toString logDirUser);

  run = "#!${execline}/bin/execlineb -P\n"
    + quote.line [ programs.if_ "{" programs.mkdir "-p" "--" (quote.quoted directory) "}" ]
    + (if forceDisableUserChange then "" else
  quote.line [ programs.if_ "{" programs.chown "-R" "--" (quote.word "${toString logDirUser}:${toString logDirGroup}") (quote.quoted directory) "}" ]
  + quote.line [ programs.s6-setuidgid user ])
    + quote.line [ programs.exec "-c" programs.s6-log "-d${toString notificationFd}" "--" (quote.quoted directory) ];

  serviceName = "${name}-log";
in
createPackage {
  manager = "s6-rc";
  name = serviceName;
  inherit (programs) settings;

  parameters = {
    main = serviceName;
    log = "${directory}/current";
    services.${serviceName} = define.type "longrun" // {
      run.text = run;
      consumer-for.text = "${name}-srv\n";
    } // define.number "notification-fd" notificationFd
      # It is ready at once, or never: where it can't write, say.
      // define.number "timeout-up" 30000
    // define.line "pipeline-name" name;
  };
}
