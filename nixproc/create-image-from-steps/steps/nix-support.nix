# Nix, for root: its database knows all that is in the image. Nixpkgs are a channel,
# which is the image's own where it has them.

{ pkgs, common, input, result }:

let
  numbers = builtins.genList (i: i + 1) 30;
  builders = f: builtins.listToAttrs (map (i: { name = "nixbld${toString i}"; value = f i; }) numbers);

  channels = "/nix/var/nix/profiles/per-user/root/channels";
  nixpkgs = import ../nixpkgs-of-image.nix { inherit pkgs input; };
  channel = pkgs.linkFarm "channels" [ { name = "nixpkgs"; path = nixpkgs; } ];
in
import ../declare.nix
  (result // {
    contents = result.contents or [ ] ++ [
      (pkgs.nix.out or pkgs.nix)
      pkgs.cacert # to fetch with
      pkgs.git # for fetchGit
      pkgs.gnutar # for what is fetched
      pkgs.gzip
      pkgs.bzip2
      pkgs.xz
    ];
    config = result.config or { } // {
      Env = result.config.Env or [ ] ++ [
        "NIX_SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt"
        "GIT_SSL_CAINFO=/etc/ssl/certs/ca-bundle.crt"
        "NIX_PATH=${channels}:nix-processmgmt=${import ../framework.nix { inherit pkgs; }}"
        "USER=root"
        "PATH=/nix/var/nix/profiles/default/bin:/nix/var/nix/profiles/default/sbin:/bin:/sbin"
      ] ++ pkgs.lib.optional (builtins.storeDir != "/nix/store") "NIX_STORE_DIR=${builtins.storeDir}";
    };
  })
  ({
    database = true;
    groups = { nixbld = { gid = 30000; members = builtins.attrNames (builders toString); }; }
      // builders (i: { gid = 30000 + i; });
    users = builders (i: {
      uid = 30000 + i;
      group = "nixbld${toString i}";
      description = "Nix build user ${toString i}";
      homeDir = "/var/empty";
    });
    directories = {
      "/var/empty" = { };
      "/nix/var/nix/profiles/per-user/root" = { };
    };
    links."/root/.nix-defexpr/channels" = channels;
    # A container may not make the namespaces that a sandbox needs.
    files."/etc/nix/nix.conf".text = ''
      sandbox = false
    '';
  } // (if nixpkgs == null then { } else { generations.${channels} = channel; }))
