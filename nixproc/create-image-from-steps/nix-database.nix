# Nix's database with all that a registration names, as Nix itself makes it; then
# without the time at which that was, so that it is the same each time.

{ pkgs }:

registration:

pkgs.runCommand "nix-database"
{
  nativeBuildInputs = [ pkgs.nix (pkgs.sqlite.bin or pkgs.sqlite) ];
  inherit registration;
} ''
  # With a log beside it, it would not be one file.
  printf 'build-users-group =\nuse-sqlite-wal = false\n' >nix.conf
  export NIX_CONF_DIR=$PWD NIX_STORE_DIR=$NIX_STORE NIX_REMOTE=local?root=$PWD/root HOME=$PWD USER=nobody
  unset NIX_STATE_DIR
  nix-store --load-db <"$registration"
  mkdir "$out"
  cp root/nix/var/nix/db/schema "$out"
  cp root/nix/var/nix/db/db.sqlite .
  sqlite3 db.sqlite "UPDATE ValidPaths SET registrationTime = 1; VACUUM;"
  cp db.sqlite "$out"
''
