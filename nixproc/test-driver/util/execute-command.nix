# A command line as the user of a profile types it.
{ lib }:
{ forceDisableUserChange, command }:

if forceDisableUserChange
then "su - unprivileged -c '${builtins.replaceStrings [ "'" ] [ "'\\''" ] command}'"
else command
