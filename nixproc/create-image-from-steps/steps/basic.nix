# What programs look for in any system: root and nobody, and the usual directories.

{ pkgs, common, input, result }:

import ../declare.nix result {
  groups = {
    root = { gid = 0; };
    nogroup = { gid = 65534; };
  };
  users = {
    root = { uid = 0; group = "root"; homeDir = "/root"; shell = pkgs.runtimeShell or pkgs.stdenv.shell; };
    nobody = { uid = 65534; group = "nogroup"; };
  };
  directories = {
    "/root" = { mode = "0700"; };
    "/run" = { };
    "/tmp" = { mode = "1777"; };
    "/var/empty" = { };
  };
  links."/var/run" = "../run";
  files = {
    # The tools for accounts want it, and are content with nothing in it.
    "/etc/login.defs" = { text = ""; };
    "/etc/pam.d/other".text = ''
      account sufficient pam_unix.so
      auth sufficient pam_rootok.so
      password requisite pam_unix.so nullok sha512
      session required pam_unix.so
    '';
    # Otherwise, localhost would be asked of a server.
    "/etc/nsswitch.conf".text = ''
      passwd: files
      group: files
      hosts: files dns
    '';
  };
}
