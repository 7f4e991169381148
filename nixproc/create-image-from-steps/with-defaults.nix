# An image's input, with the defaults that several steps need.

input:

rec {
  stateDir = "/var";
  runtimeDir = "${stateDir}/run";
  forceDisableUserChange = false;
  extraParams = { };
} // (if input ? stateDir then { runtimeDir = "${input.stateDir}/run"; } else { }) // input
