# What su needs to become another user.

{ pkgs, common, input, result }:

import ../declare.nix
  (result // { contents = result.contents or [ ] ++ [ pkgs.su pkgs.shadow ]; })
  {
    files = {
      "/etc/pam.d/su".text = ''
        account required pam_unix.so
        auth sufficient pam_rootok.so
        auth sufficient pam_unix.so likeauth try_first_pass
        auth required pam_deny.so
        password sufficient pam_unix.so nullok sha512
        session required pam_unix.so
      '';
      # So that who has become another one finds what Nix has installed.
      "/etc/login.defs".text = ''
        ENV_PATH PATH=/bin:/usr/bin:/nix/var/nix/profiles/default/bin
        ENV_SUPATH PATH=/sbin:/bin:/usr/sbin:/usr/bin:/nix/var/nix/profiles/default/bin
      '';
      "/etc/nsswitch.conf".text = ''
        passwd: files
        group: files
        shadow: files
        hosts: files dns
        networks: files
        services: files
        protocols: files
        rpc: files
      '';
    };
  }
