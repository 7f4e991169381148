# s6-svscan is the first process, and reaps what loses its parent. Before it, a
# script makes its directory anew, and then brings all services of a database up.

{ pkgs, common, input, result }:

let
  inherit (pkgs) stdenv s6 s6-rc execline coreutils;

  path = builtins.concatStringsSep ":" (map (package: "${package}/bin") [ s6 s6-rc execline coreutils ]);

  # What s6-svscan runs when it gets a signal, or ends.
  script = name: text: pkgs.writeTextFile {
    inherit name text;
    executable = true;
  };

  places = ''
    #!${stdenv.shell}
    PATH=${path}:/bin
    export PATH
    scan=${input.runtimeDir}/service live=${input.runtimeDir}/s6-rc
    status=${input.runtimeDir}/s6-exit-code
  '';

  # Services that take longer than docker waits get their signal all the same.
  down = script "s6-down" ''
    ${places}
    s6-rc -l "$live" -v2 -t 7000 -bDa change
    exec s6-svscanctl -t "$scan"
  '';

  finish = script "s6-finish" ''
    ${places}
    read -r code <"$status"
    exit "''${code:-0}"
  '';

  init = script "s6-init" ''
    ${places}
    umask 022

    # Whatever an earlier run of the container has left.
    rm -rf "$scan" "$live" "$live":*
    mkdir -p "$scan/.s6-svscan"
    echo 0 >"$status"
    for signal in SIGTERM SIGINT SIGQUIT; do
      ln -s ${down} "$scan/.s6-svscan/$signal"
    done
    ln -s ${finish} "$scan/.s6-svscan/finish"
    mkfifo "$scan/.s6-svscan/ready"

    {
      read -r _ <"$scan/.s6-svscan/ready"
      database=$(readlink -f /etc/s6/rc/compiled)
      if ! s6-rc-init -c "$database" -l "$live" "$scan" || ! s6-rc -l "$live" -v2 -u change default; then
        echo "not all services could be brought up" >&2
        echo 1 >"$status"
        ${down}
      fi
    } &
    exec s6-svscan -d 3 "$scan" 3>"$scan/.s6-svscan/ready"
  '';
in
import ../../../create-image-from-steps/declare.nix
  (result // {
    contents = result.contents or [ ] ++ [ s6 s6-rc execline ];
    config = result.config or { } // { Cmd = [ "${init}" ]; };
  })
{
  # The log services run as this user.
  groups.s6-log = { gid = 2; };
  users.s6-log = { uid = 2; group = "s6-log"; homeDir = "/dev/null"; };
}
