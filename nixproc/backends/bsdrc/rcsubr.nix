# The path of the system's rc.subr. Where no user is ever changed, of a file
# that reads it and leaves limits(1) out, for only root may set the limits of a
# login class.

{ stdenv, forceDisableUserChange }:

if forceDisableUserChange
then
  "${import ../util/shell-text.nix { inherit stdenv; } "rc.subr" ''
    . /etc/rc.subr

    # rc.subr calls it as "limits -C CLASS COMMAND".
    limits() {
      shift 2
      "$@"
    }''}"
else "/etc/rc.subr"
