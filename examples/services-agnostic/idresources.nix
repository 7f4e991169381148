# The ranges from which nixproc-id-assign takes the numbers in ids.nix.
rec {
  inetHTTPPorts = { min = 9001; max = 9091; };
  uids = { min = 2000; max = 3000; };
  gids = uids;
}
