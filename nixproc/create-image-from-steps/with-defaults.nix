# An image's input, with the defaults that several steps need.

input:

let
  stateDir = input.stateDir or "/var";
in
{
  inherit stateDir;
  runtimeDir = "${stateDir}/run";
  logDir = "${stateDir}/log";
  forceDisableUserChange = false;
  extraParams = { };
} // input
