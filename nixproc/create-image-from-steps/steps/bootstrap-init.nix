# The first process deploys the model, as long as that has not been done, while it
# becomes the process manager.

{ pkgs, common, input, result }:

let
  manager = builtins.concatStringsSep " " (map pkgs.lib.escapeShellArg result.config.Cmd);
  withChannel = input ? channelURL || import ../nixpkgs-of-image.nix { inherit pkgs input; } == null;
  channel = pkgs.lib.escapeShellArg (input.channelURL or "https://nixos.org/channels/nixpkgs-unstable");

  # Whether the process manager takes orders, where a switch needs it.
  ready = {
    supervisord = "(: </dev/tcp/127.0.0.1/9001) 2>/dev/null";
    s6-rc = "[ -e ${live} ]";
  }.${input.processManager} or "true";
  live = pkgs.lib.escapeShellArg "${input.runtimeDir}/s6-rc";
in
if !(input.bootstrap or true) then result
else import ../declare.nix
  (result // { config = result.config // { Cmd = [ "/bin/bootstrap" ]; }; })
  {
    files."/bin/bootstrap" = {
      mode = "0755";
      text = ''
        #!${pkgs.runtimeShell or pkgs.stdenv.shell}
        done=/nix/var/nix/nixproc-bootstrapped

        deploy() {
          ${pkgs.lib.optionalString withChannel ''
            nix-channel --add ${channel} nixpkgs && nix-channel --update || return
          ''}
          for ((i = 0; i < 300; i++)); do
            if ${ready}; then break; fi
            sleep 0.1
          done
          nixproc-${input.processManager}-switch --wait # for the first process
        }

        if ! [ -e "$done" ]; then
          # What an earlier start has left.
          rm -rf ${live}
          {
            if deploy; then
              : >"$done"
            else
              echo "bootstrap: $NIXPROC_PROCESSES is not deployed, for the reason above; nixproc-${input.processManager}-switch in the container, or its next start, tries again" >&2
            fi
          } &
        fi
        exec ${manager}
      '';
    };
  }
